-- +goose Up
-- How a site is visited where that is not as for all, as JSON.
ALTER TABLE sites
    ADD COLUMN visit TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ('{}');
