-- +goose Up
-- Whether a site is known from other trackers alone, and is not crawled here.
ALTER TABLE sites
    ADD COLUMN learnt TINYINT NOT NULL DEFAULT 0;
