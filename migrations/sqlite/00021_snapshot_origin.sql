-- +goose Up
-- Who made a snapshot, and who gave it to us; both empty where that was this tracker.
ALTER TABLE snapshots ADD COLUMN origin TEXT NOT NULL DEFAULT ''; -- name of the tracker that crawled
ALTER TABLE snapshots ADD COLUMN via    TEXT NOT NULL DEFAULT ''; -- the peer's URL, or the name of the tracker whose file it was
