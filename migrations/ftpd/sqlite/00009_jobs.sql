-- +goose Up
CREATE TABLE ftp_jobs (
    id          INTEGER NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    node        INTEGER NOT NULL, -- what it is about, or 0
    slave       INTEGER NOT NULL, -- likewise
    detail      BLOB    NOT NULL,
    asked       INTEGER NOT NULL, -- how often it was asked for
    tries       INTEGER NOT NULL,
    due_at      INTEGER NOT NULL, -- Unix milliseconds, as lease_until
    owner       INTEGER NOT NULL, -- the incarnation of the master that does it, or 0
    lease_until INTEGER NOT NULL,
    note        TEXT    NOT NULL, -- what became of the last try
    UNIQUE (kind, node, slave)
) STRICT;
CREATE INDEX ftp_jobs_due ON ftp_jobs (kind, due_at);
