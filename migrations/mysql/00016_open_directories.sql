-- +goose Up
-- The directories that crawls which are running or were cut short have listed, while
-- something below them was still to do.
CREATE TABLE open_directories (
    site      BINARY(16) NOT NULL,
    path_hash BINARY(16) NOT NULL, -- the first 16 bytes of the path's SHA-256
    path      MEDIUMBLOB NOT NULL, -- raw bytes
    listed_at BIGINT     NOT NULL,
    listing   LONGBLOB   NOT NULL, -- encoded like the parts of trees
    PRIMARY KEY (site, path_hash)
) ENGINE = InnoDB;
