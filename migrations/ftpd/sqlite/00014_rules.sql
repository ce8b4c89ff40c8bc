-- +goose Up
-- How files below a directory are kept.
CREATE TABLE ftp_rules (
    path BLOB NOT NULL PRIMARY KEY, -- of the directory, bytes
    rule TEXT NOT NULL              -- the rest, as JSON
) STRICT, WITHOUT ROWID;
