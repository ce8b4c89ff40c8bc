-- +goose Up
-- Who was last refused as a slave, with a certificate of the authority's.
CREATE TABLE ftp_refusals (
    slave      TEXT    NOT NULL PRIMARY KEY,
    address    TEXT    NOT NULL, -- from where it came
    reason     TEXT    NOT NULL,
    refused_at INTEGER NOT NULL -- Unix seconds
) STRICT;
