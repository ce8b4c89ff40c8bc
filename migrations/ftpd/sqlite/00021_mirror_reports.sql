-- +goose Up
-- What running servers answered when they were last asked about their connections.
CREATE TABLE ftp_mirror_reports (
    server TEXT    NOT NULL PRIMARY KEY, -- its machine and process
    asked  INTEGER NOT NULL, -- which question it answers
    report BLOB    NOT NULL  -- as JSON
) STRICT;
