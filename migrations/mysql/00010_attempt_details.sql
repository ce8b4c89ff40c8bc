-- +goose Up
-- What came of an attempt, and what is known of those before it.
ALTER TABLE attempts
    ADD COLUMN reused         BIGINT        NOT NULL DEFAULT 0, -- of dirs, taken over from an earlier crawl
    ADD COLUMN new_trees      BIGINT        NOT NULL DEFAULT 0,
    ADD COLUMN updated_at     BIGINT        NOT NULL DEFAULT 0, -- when the counts were true
    ADD COLUMN owner          VARCHAR(255)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '', -- of the lease
    ADD COLUMN ways           VARCHAR(255)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '', -- of listing
    ADD COLUMN failures       BIGINT        NOT NULL DEFAULT 0, -- in a row, up to this one
    ADD COLUMN succeeded_at   BIGINT        NOT NULL DEFAULT 0, -- when one was published last
    ADD COLUMN flapping       VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '', -- why the site is thought to be several
    ADD COLUMN flapping_since BIGINT        NOT NULL DEFAULT 0;
