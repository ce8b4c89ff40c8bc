-- +goose Up
-- What came of an attempt, and what is known of those before it.
ALTER TABLE attempts ADD COLUMN reused         INTEGER NOT NULL DEFAULT 0;  -- of dirs, taken over from an earlier crawl
ALTER TABLE attempts ADD COLUMN new_trees      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN updated_at     INTEGER NOT NULL DEFAULT 0;  -- when the counts were true
ALTER TABLE attempts ADD COLUMN owner          TEXT    NOT NULL DEFAULT ''; -- of the lease
ALTER TABLE attempts ADD COLUMN ways           TEXT    NOT NULL DEFAULT ''; -- of listing
ALTER TABLE attempts ADD COLUMN failures       INTEGER NOT NULL DEFAULT 0;  -- in a row, up to this one
ALTER TABLE attempts ADD COLUMN succeeded_at   INTEGER NOT NULL DEFAULT 0;  -- when one was published last
ALTER TABLE attempts ADD COLUMN flapping       TEXT    NOT NULL DEFAULT ''; -- why the site is thought to be several
ALTER TABLE attempts ADD COLUMN flapping_since INTEGER NOT NULL DEFAULT 0;
