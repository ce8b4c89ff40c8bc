-- +goose Up
-- What tells servers that aliases, entries or mirrored directories were changed.
CREATE TABLE ftp_mirrors_clock (
    id      INTEGER NOT NULL PRIMARY KEY, -- 1: there is one row
    version INTEGER NOT NULL, -- grows with each change
    asked   INTEGER NOT NULL  -- how often servers were asked about their connections
) STRICT;
