-- +goose Up
-- How each URL of a site was found last, over each family of addresses.
CREATE TABLE health (
    site       BINARY(16)    NOT NULL,
    url_hash   BINARY(16)    NOT NULL, -- the first 16 bytes of the URL's SHA-256
    family     VARCHAR(8)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    url        VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    state      VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    since      BIGINT        NOT NULL,
    reason     VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    checked_at BIGINT        NOT NULL,
    checker    VARCHAR(255)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- the process that has found it
    PRIMARY KEY (site, url_hash, family)
) ENGINE = InnoDB;
