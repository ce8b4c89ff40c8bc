-- +goose Up
-- Where slaves find masters, also those that do not run.
CREATE TABLE ftp_doors (
    address VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, -- HOST:PORT
    seen_at BIGINT       NOT NULL -- when a master last listened there; Unix seconds
) ENGINE = InnoDB;
