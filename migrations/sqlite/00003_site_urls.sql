-- +goose Up
-- The further URLs that serve a site's hierarchy, in the operator's order.
CREATE TABLE site_urls (
    site     BLOB    NOT NULL,
    position INTEGER NOT NULL,
    url      TEXT    NOT NULL,
    PRIMARY KEY (site, position)
) STRICT, WITHOUT ROWID;
