-- +goose Up
-- Who may do what only one may do. A row stays when its lease ends, so that a
-- version is never given out twice.
CREATE TABLE leases (
    name       TEXT    NOT NULL PRIMARY KEY,
    owner      TEXT    NOT NULL,
    version    INTEGER NOT NULL, -- goes up with every holder
    uses       INTEGER NOT NULL, -- goes up with every transaction that relies on the lease
    expires_at INTEGER NOT NULL  -- Unix milliseconds by the database's clock
) STRICT, WITHOUT ROWID;
