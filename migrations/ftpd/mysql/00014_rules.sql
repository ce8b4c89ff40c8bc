-- +goose Up
-- How files below a directory are kept.
CREATE TABLE ftp_rules (
    path VARBINARY(1000) NOT NULL PRIMARY KEY, -- of the directory, bytes
    rule TEXT            CHARACTER SET utf8mb4 NOT NULL -- the rest, as JSON
) ENGINE = InnoDB;
