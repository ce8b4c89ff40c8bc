-- +goose Up
CREATE TABLE ftp_groups (
    name         TEXT    NOT NULL PRIMARY KEY,
    rules        BLOB    NOT NULL,
    networks     TEXT    NOT NULL,
    max_bytes    INTEGER NOT NULL, -- of each member, as all limits here
    max_files    INTEGER NOT NULL,
    max_up       INTEGER NOT NULL,
    max_down     INTEGER NOT NULL,
    max_sessions INTEGER NOT NULL,
    max_address  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
