-- +goose Up
-- The authority that masters and slaves trust: one row.
CREATE TABLE ftp_authority (
    id          INTEGER NOT NULL PRIMARY KEY, -- 1
    certificate BLOB    NOT NULL, -- X.509, DER
    private_key BLOB    NOT NULL  -- PKCS #8
) STRICT;
