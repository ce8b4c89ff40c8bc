-- +goose Up
-- What changed in the health of URLs, and when the brake was put on.
CREATE TABLE health_events (
    happened_at INTEGER NOT NULL, -- Unix milliseconds
    id          BLOB    NOT NULL, -- random
    kind        TEXT    NOT NULL,
    site        BLOB    NOT NULL, -- zeros where it is about none
    url         TEXT    NOT NULL, -- empty where it is about none
    family      TEXT    NOT NULL,
    scheme      TEXT    NOT NULL,
    from_state  TEXT    NOT NULL,
    to_state    TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    checker     TEXT    NOT NULL,
    PRIMARY KEY (happened_at, id)
) STRICT, WITHOUT ROWID;
