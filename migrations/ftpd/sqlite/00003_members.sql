-- +goose Up
CREATE TABLE ftp_members (
    user_name  TEXT    NOT NULL,
    position   INTEGER NOT NULL, -- among the user's groups, from 0
    group_name TEXT    NOT NULL,
    PRIMARY KEY (user_name, position)
) STRICT, WITHOUT ROWID;
