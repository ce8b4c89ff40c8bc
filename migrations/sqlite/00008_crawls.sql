-- +goose Up
-- What a crawl that is running or was cut short has learnt about its site. The
-- site's rows in progress hold under it, and are dead where there is none.
CREATE TABLE crawls (
    site  BLOB NOT NULL PRIMARY KEY,
    facts BLOB NOT NULL -- the crawler's own text, at most 64 KiB
) STRICT, WITHOUT ROWID;
