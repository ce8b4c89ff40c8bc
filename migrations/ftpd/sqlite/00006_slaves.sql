-- +goose Up
CREATE TABLE ftp_slaves (
    id          INTEGER NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    storage     TEXT    NOT NULL, -- the identity of its storage folders; '' until it has joined
    last_seq    INTEGER NOT NULL, -- of the intents for it
    applied     INTEGER NOT NULL, -- how far it was when it last said
    sync_seq    INTEGER NOT NULL, -- when it had applied this and its names were what they should be
    sync_digest BLOB    NOT NULL, -- this was their digest; '' if that was never so
    drain       INTEGER NOT NULL, -- 1: it is to be emptied
    trusted     INTEGER NOT NULL, -- 1: it may have the certificate of the masters
    added_at    INTEGER NOT NULL, -- Unix milliseconds, as seen_at
    seen_at     INTEGER NOT NULL, -- 0: never
    report      BLOB    NOT NULL  -- what it last said of itself, as JSON
) STRICT;
