-- +goose Up
-- One row for each distinct directory, see docs/tree-v1.md.
CREATE TABLE trees (
    id       BINARY(32) NOT NULL PRIMARY KEY, -- SHA-256
    exact    BINARY(16),                      -- MD5, NULL where absent
    blind    BINARY(16),
    files    BIGINT     NOT NULL,
    dirs     BIGINT     NOT NULL,
    bytes    BIGINT     NOT NULL,
    branches LONGBLOB   NOT NULL,             -- one byte for the encoding, then the text
    leaves   LONGBLOB   NOT NULL
) ENGINE = InnoDB;
