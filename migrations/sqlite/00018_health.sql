-- +goose Up
-- How each URL of a site was found last, over each family of addresses.
CREATE TABLE health (
    site       BLOB    NOT NULL,
    url_hash   BLOB    NOT NULL, -- the first 16 bytes of the URL's SHA-256
    family     TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    checked_at INTEGER NOT NULL,
    checker    TEXT    NOT NULL, -- the process that has found it
    PRIMARY KEY (site, url_hash, family)
) STRICT, WITHOUT ROWID;
