-- +goose Up
-- The further URLs that serve a site's hierarchy, in the operator's order.
CREATE TABLE site_urls (
    site     BINARY(16)    NOT NULL,
    position BIGINT        NOT NULL,
    url      VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (site, position)
) ENGINE = InnoDB;
