-- +goose Up
-- How far the collection of trees has come that no root reaches; no row while
-- there is none.
CREATE TABLE collection (
    id      BIGINT      NOT NULL PRIMARY KEY, -- 1
    phase   VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    awaited MEDIUMBLOB                        -- the leases of crawls that must end first, as JSON; NULL before they are known
) ENGINE = InnoDB;
