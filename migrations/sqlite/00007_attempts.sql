-- +goose Up
-- How the last crawl of each site went, published or not.
CREATE TABLE attempts (
    site       BLOB    NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL, -- 0 while it runs
    outcome    TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    dirs       INTEGER NOT NULL,
    files      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
