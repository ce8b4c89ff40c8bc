-- +goose Up
-- What crawls have learnt about a site and later ones begin with.
CREATE TABLE memories (
    site     BINARY(16) NOT NULL PRIMARY KEY,
    text     MEDIUMBLOB NOT NULL, -- the crawler's own, at most 64 KiB
    saved_at BIGINT     NOT NULL
) ENGINE = InnoDB;
