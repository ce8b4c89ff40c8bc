-- +goose Up
CREATE TABLE ftp_groups (
    name         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    rules        BLOB   NOT NULL,
    networks     TEXT   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    max_bytes    BIGINT NOT NULL, -- of each member, as all limits here
    max_files    BIGINT NOT NULL,
    max_up       BIGINT NOT NULL,
    max_down     BIGINT NOT NULL,
    max_sessions BIGINT NOT NULL,
    max_address  BIGINT NOT NULL
) ENGINE = InnoDB;
