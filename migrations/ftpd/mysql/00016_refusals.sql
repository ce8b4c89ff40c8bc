-- +goose Up
-- Who was last refused as a slave, with a certificate of the authority's.
CREATE TABLE ftp_refusals (
    slave      VARCHAR(63)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    address    VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- from where it came
    reason     VARCHAR(1000) CHARACTER SET utf8mb4 NOT NULL,
    refused_at BIGINT        NOT NULL -- Unix seconds
) ENGINE = InnoDB;
