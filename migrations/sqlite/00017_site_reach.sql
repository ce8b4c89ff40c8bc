-- +goose Up
-- Where a site is and whom it serves, as far as its operator says so, as JSON.
ALTER TABLE sites ADD COLUMN reach TEXT NOT NULL DEFAULT '{}';
