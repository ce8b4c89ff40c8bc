-- +goose Up
-- Directories whose files mirrors may send in our place.
CREATE TABLE ftp_mirrored (
    dir    BLOB    NOT NULL PRIMARY KEY, -- a path, as bytes
    mirror INTEGER NOT NULL, -- the entry; 0: whoever the tracker knows
    url    TEXT    NOT NULL  -- then, the tracked directory that it is; '': found by its content
) STRICT, WITHOUT ROWID;
