-- +goose Up
CREATE TABLE ftp_members (
    user_name  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    position   BIGINT      NOT NULL, -- among the user's groups, from 0
    group_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (user_name, position)
) ENGINE = InnoDB;
