-- +goose Up
-- Who may come as which slave.
CREATE TABLE ftp_keys (
    slave       TEXT    NOT NULL PRIMARY KEY,
    public_key  BLOB    NOT NULL, -- SHA-256 of it
    enrolled_at INTEGER NOT NULL, -- Unix seconds
    expires_at  INTEGER NOT NULL  -- of the last certificate; Unix seconds
) STRICT;
