-- +goose Up
CREATE TABLE sites (
    id       BINARY(16)    NOT NULL PRIMARY KEY, -- of the crawl URL
    name     VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
    url      VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- the crawl URL
    weight   BIGINT        NOT NULL,
    schedule VARCHAR(255)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    zone     VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- of the dates in its listings; '' to find out
    added_at BIGINT        NOT NULL              -- Unix seconds, as all times of this kind
) ENGINE = InnoDB;
