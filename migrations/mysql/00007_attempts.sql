-- +goose Up
-- How the last crawl of each site went, published or not.
CREATE TABLE attempts (
    site       BINARY(16)   NOT NULL PRIMARY KEY,
    started_at BIGINT       NOT NULL,
    ended_at   BIGINT       NOT NULL, -- 0 while it runs
    outcome    VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    message    TEXT         CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    dirs       BIGINT       NOT NULL,
    files      BIGINT       NOT NULL
) ENGINE = InnoDB;
