-- +goose Up
-- Trees that stood in the progress of a crawl during the present collection and
-- no longer do: the crawl may still need them.
CREATE TABLE spared (
    id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
