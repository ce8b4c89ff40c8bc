-- +goose Up
-- What crawls have learnt about a site and later ones begin with.
CREATE TABLE memories (
    site     BLOB    NOT NULL PRIMARY KEY,
    text     BLOB    NOT NULL, -- the crawler's own, at most 64 KiB
    saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
