-- +goose Up
-- Where slaves find masters, also those that do not run.
CREATE TABLE ftp_doors (
    address TEXT    NOT NULL PRIMARY KEY, -- HOST:PORT
    seen_at INTEGER NOT NULL -- when a master last listened there; Unix seconds
) STRICT;
