-- +goose Up
-- What slaves are enrolled with, once.
CREATE TABLE ftp_tokens (
    secret     BINARY(32)    NOT NULL PRIMARY KEY, -- SHA-256 of it
    slave      VARCHAR(63)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    expires_at BIGINT        NOT NULL, -- Unix seconds
    public_key VARBINARY(32) NOT NULL  -- SHA-256 of that of the slave which has used it; '' before
) ENGINE = InnoDB;
