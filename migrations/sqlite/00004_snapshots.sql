-- +goose Up
-- What a site held at one crawl; the one with the highest number is in force.
CREATE TABLE snapshots (
    site        BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    root        BLOB    NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    files       INTEGER NOT NULL,
    dirs        INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    incomplete  INTEGER NOT NULL, -- directories whose own listing is incomplete
    PRIMARY KEY (site, seq)
) STRICT, WITHOUT ROWID;
