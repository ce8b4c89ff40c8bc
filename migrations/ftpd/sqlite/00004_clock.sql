-- +goose Up
CREATE TABLE ftp_clock (
    id   INTEGER NOT NULL PRIMARY KEY, -- 1: there is one row
    tick INTEGER NOT NULL              -- the greatest number that was given away
) STRICT;
