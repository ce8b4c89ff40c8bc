-- +goose Up
-- What a site held at one crawl; the one with the highest number is in force.
CREATE TABLE snapshots (
    site        BINARY(16) NOT NULL,
    seq         BIGINT     NOT NULL,
    root        BINARY(32) NOT NULL,
    started_at  BIGINT     NOT NULL,
    finished_at BIGINT     NOT NULL,
    files       BIGINT     NOT NULL,
    dirs        BIGINT     NOT NULL,
    bytes       BIGINT     NOT NULL,
    incomplete  BIGINT     NOT NULL, -- directories whose own listing is incomplete
    PRIMARY KEY (site, seq)
) ENGINE = InnoDB;
