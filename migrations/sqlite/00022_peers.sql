-- +goose Up
-- Other trackers, and how exchanging with them goes.
CREATE TABLE peers (
    id           BLOB    NOT NULL PRIMARY KEY, -- the first 16 bytes of the URL's SHA-256
    url          TEXT    NOT NULL,
    name         TEXT    NOT NULL, -- as it says; '' before it was asked
    public_key   TEXT    NOT NULL, -- of minisign; '' where it is only known of
    trust        TEXT    NOT NULL, -- for which sites it is believed: patterns, as JSON
    introduces   INTEGER NOT NULL, -- whether it may vouch for others' keys
    via          TEXT    NOT NULL, -- URL of the peer that vouched for it; '' where that was the operator
    etag         TEXT    NOT NULL, -- of the last list of its snapshots
    polled_at    INTEGER NOT NULL,
    succeeded_at INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL, -- when it was last heard of
    error        TEXT    NOT NULL, -- of the last poll; '' where it went well
    bytes        INTEGER NOT NULL, -- received, in all
    packs        INTEGER NOT NULL,
    snapshots    INTEGER NOT NULL, -- taken over
    refused      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
