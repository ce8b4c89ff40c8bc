-- +goose Up
CREATE TABLE ftp_jobs (
    id          BIGINT      NOT NULL PRIMARY KEY,
    kind        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    node        BIGINT      NOT NULL, -- what it is about, or 0
    slave       BIGINT      NOT NULL, -- likewise
    detail      BLOB        NOT NULL,
    asked       BIGINT      NOT NULL, -- how often it was asked for
    tries       BIGINT      NOT NULL,
    due_at      BIGINT      NOT NULL, -- Unix milliseconds, as lease_until
    owner       BIGINT      NOT NULL, -- the incarnation of the master that does it, or 0
    lease_until BIGINT      NOT NULL,
    note        TEXT        CHARACTER SET utf8mb4 NOT NULL, -- what became of the last try
    UNIQUE KEY (kind, node, slave),
    KEY (kind, due_at)
) ENGINE = InnoDB;
