-- +goose Up
CREATE TABLE sites (
    id       BLOB    NOT NULL PRIMARY KEY, -- of the crawl URL
    name     TEXT    NOT NULL UNIQUE,
    url      TEXT    NOT NULL,             -- the crawl URL
    weight   INTEGER NOT NULL,
    schedule TEXT    NOT NULL,
    zone     TEXT    NOT NULL,             -- of the dates in its listings; '' to find out
    added_at INTEGER NOT NULL              -- Unix seconds, as all times of this kind
) STRICT, WITHOUT ROWID;
