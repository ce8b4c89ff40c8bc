-- +goose Up
-- Who made a snapshot, and who gave it to us; both empty where that was this tracker.
ALTER TABLE snapshots
    ADD COLUMN origin VARCHAR(100)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '', -- name of the tracker that crawled
    ADD COLUMN via    VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ''; -- the peer's URL, or the name of the tracker whose file it was
