-- +goose Up
CREATE TABLE ftp_masters (
    id      BIGINT       NOT NULL PRIMARY KEY, -- its incarnation, which is the clock when it started
    name    VARCHAR(255) CHARACTER SET utf8mb4 NOT NULL,
    seen_at BIGINT       NOT NULL  -- Unix milliseconds
) ENGINE = InnoDB;
