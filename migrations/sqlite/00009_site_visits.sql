-- +goose Up
-- How a site is visited where that is not as for all, as JSON.
ALTER TABLE sites ADD COLUMN visit TEXT NOT NULL DEFAULT '{}';
