-- +goose Up
-- How far the collection of trees has come that no root reaches; no row while
-- there is none.
CREATE TABLE collection (
    id      INTEGER NOT NULL PRIMARY KEY, -- 1
    phase   TEXT    NOT NULL,
    awaited BLOB                          -- the leases of crawls that must end first, as JSON; NULL before they are known
) STRICT;
