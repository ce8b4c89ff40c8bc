-- +goose Up
-- One row for each distinct directory, see docs/tree-v1.md. A rowid table: rows are
-- appended, and only the small index of identities is written all over.
CREATE TABLE trees (
    id       BLOB    NOT NULL PRIMARY KEY, -- SHA-256
    exact    BLOB,                         -- MD5, NULL where absent
    blind    BLOB,
    files    INTEGER NOT NULL,
    dirs     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    branches BLOB    NOT NULL,             -- one byte for the encoding, then the text
    leaves   BLOB    NOT NULL
) STRICT;
