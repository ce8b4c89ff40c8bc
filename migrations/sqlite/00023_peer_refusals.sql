-- +goose Up
-- The last snapshot of a site that a peer offered and that was refused.
CREATE TABLE peer_refusals (
    peer        BLOB    NOT NULL,
    site        BLOB    NOT NULL,
    url         TEXT    NOT NULL, -- of the site, which may be unknown here
    root        BLOB    NOT NULL,
    finished_at INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    refused_at  INTEGER NOT NULL,
    PRIMARY KEY (peer, site)
) STRICT, WITHOUT ROWID;
