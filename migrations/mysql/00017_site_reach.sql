-- +goose Up
-- Where a site is and whom it serves, as far as its operator says so, as JSON.
ALTER TABLE sites
    ADD COLUMN reach TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ('{}');
