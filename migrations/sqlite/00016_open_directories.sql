-- +goose Up
-- The directories that crawls which are running or were cut short have listed, while
-- something below them was still to do.
CREATE TABLE open_directories (
    site      BLOB    NOT NULL,
    path_hash BLOB    NOT NULL, -- the first 16 bytes of the path's SHA-256
    path      BLOB    NOT NULL, -- raw bytes
    listed_at INTEGER NOT NULL,
    listing   BLOB    NOT NULL, -- encoded like the parts of trees
    PRIMARY KEY (site, path_hash)
) STRICT, WITHOUT ROWID;
