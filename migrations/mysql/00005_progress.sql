-- +goose Up
-- The topmost finished subtrees of crawls that are running or were cut short.
CREATE TABLE progress (
    site      BINARY(16) NOT NULL,
    path_hash BINARY(16) NOT NULL, -- the first 16 bytes of the path's SHA-256
    path      MEDIUMBLOB NOT NULL, -- raw bytes
    tree      BINARY(32) NOT NULL,
    listed_at BIGINT     NOT NULL,
    PRIMARY KEY (site, path_hash)
) ENGINE = InnoDB;
