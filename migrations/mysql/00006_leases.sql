-- +goose Up
-- Who may do what only one may do. A row stays when its lease ends, so that a
-- version is never given out twice.
CREATE TABLE leases (
    name       VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    owner      VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    version    BIGINT       NOT NULL, -- goes up with every holder
    uses       BIGINT       NOT NULL, -- goes up with every transaction that relies on the lease
    expires_at BIGINT       NOT NULL  -- Unix milliseconds by the database's clock
) ENGINE = InnoDB;
