-- +goose Up
-- Trees that stood in the progress of a crawl during the present collection and
-- no longer do: the crawl may still need them.
CREATE TABLE spared (
    id BINARY(32) NOT NULL PRIMARY KEY
) ENGINE = InnoDB;
