-- +goose Up
-- Directories whose files mirrors may send in our place.
CREATE TABLE ftp_mirrored (
    dir    VARBINARY(1000) NOT NULL PRIMARY KEY, -- a path, as bytes
    mirror INT             NOT NULL, -- the entry; 0: whoever the tracker knows
    url    VARCHAR(2000)   CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL -- then, the tracked directory that it is; '': found by its content
) ENGINE = InnoDB;
