-- +goose Up
-- The last snapshot of a site that a peer offered and that was refused.
CREATE TABLE peer_refusals (
    peer        BINARY(16)    NOT NULL,
    site        BINARY(16)    NOT NULL,
    url         VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- of the site, which may be unknown here
    root        BINARY(32)    NOT NULL,
    finished_at BIGINT        NOT NULL,
    reason      VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    refused_at  BIGINT        NOT NULL,
    PRIMARY KEY (peer, site)
) ENGINE = InnoDB;
