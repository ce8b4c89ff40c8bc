-- +goose Up
-- What slaves are enrolled with, once.
CREATE TABLE ftp_tokens (
    secret     BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of it
    slave      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL, -- Unix seconds
    public_key BLOB    NOT NULL  -- SHA-256 of that of the slave which has used it; '' before
) STRICT;
