-- +goose Up
CREATE TABLE ftp_clock (
    id   BIGINT NOT NULL PRIMARY KEY, -- 1: there is one row
    tick BIGINT NOT NULL              -- the greatest number that was given away
) ENGINE = InnoDB;
