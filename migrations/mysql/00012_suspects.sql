-- +goose Up
-- What a site's last crawl found and was not published, for it is hard to believe.
CREATE TABLE suspects (
    site        BINARY(16)    NOT NULL PRIMARY KEY,
    root        BINARY(32)    NOT NULL,
    started_at  BIGINT        NOT NULL,
    finished_at BIGINT        NOT NULL,
    files       BIGINT        NOT NULL,
    dirs        BIGINT        NOT NULL,
    bytes       BIGINT        NOT NULL,
    incomplete  BIGINT        NOT NULL, -- directories whose own listing is incomplete
    reason      VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    since       BIGINT        NOT NULL  -- when the first in a row was set aside
) ENGINE = InnoDB;
