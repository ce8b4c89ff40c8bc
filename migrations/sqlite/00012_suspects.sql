-- +goose Up
-- What a site's last crawl found and was not published, for it is hard to believe.
CREATE TABLE suspects (
    site        BLOB    NOT NULL PRIMARY KEY,
    root        BLOB    NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    files       INTEGER NOT NULL,
    dirs        INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    incomplete  INTEGER NOT NULL, -- directories whose own listing is incomplete
    reason      TEXT    NOT NULL,
    since       INTEGER NOT NULL  -- when the first in a row was set aside
) STRICT, WITHOUT ROWID;
