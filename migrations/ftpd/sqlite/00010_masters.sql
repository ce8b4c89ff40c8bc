-- +goose Up
CREATE TABLE ftp_masters (
    id      INTEGER NOT NULL PRIMARY KEY, -- its incarnation: the clock when it started
    name    TEXT    NOT NULL,
    seen_at INTEGER NOT NULL              -- Unix milliseconds
) STRICT;
