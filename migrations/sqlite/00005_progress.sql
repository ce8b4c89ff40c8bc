-- +goose Up
-- The topmost finished subtrees of crawls that are running or were cut short.
CREATE TABLE progress (
    site      BLOB    NOT NULL,
    path_hash BLOB    NOT NULL, -- the first 16 bytes of the path's SHA-256
    path      BLOB    NOT NULL, -- raw bytes
    tree      BLOB    NOT NULL,
    listed_at INTEGER NOT NULL,
    PRIMARY KEY (site, path_hash)
) STRICT, WITHOUT ROWID;
