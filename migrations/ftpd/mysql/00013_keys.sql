-- +goose Up
-- Who may come as which slave.
CREATE TABLE ftp_keys (
    slave       VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    public_key  BINARY(32)  NOT NULL, -- SHA-256 of it
    enrolled_at BIGINT      NOT NULL, -- Unix seconds
    expires_at  BIGINT      NOT NULL  -- of the last certificate; Unix seconds
) ENGINE = InnoDB;
