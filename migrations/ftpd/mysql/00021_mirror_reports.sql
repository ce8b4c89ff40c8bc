-- +goose Up
-- What running servers answered when they were last asked about their connections.
CREATE TABLE ftp_mirror_reports (
    server VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, -- its machine and process
    asked  BIGINT       NOT NULL, -- which question it answers
    report MEDIUMBLOB   NOT NULL  -- as JSON
) ENGINE = InnoDB;
