-- +goose Up
-- Paths at which trees of foreign FTP servers appear.
CREATE TABLE ftp_aliases (
    path        BLOB    NOT NULL PRIMARY KEY, -- bytes
    host        TEXT    NOT NULL,
    port        INTEGER NOT NULL,
    login       BLOB    NOT NULL, -- the user, as bytes
    password    BLOB    NOT NULL, -- sealed with the key of the masters
    root        BLOB    NOT NULL, -- which directory of the server it is, as bytes
    tls         TEXT    NOT NULL, -- off, explicit or implicit
    connections INTEGER NOT NULL, -- at most; 0: as many as to others
    tunnel      INTEGER NOT NULL, -- 1: no data connection leads past us
    epoch       INTEGER NOT NULL, -- how often its connections were to be closed
    abilities   TEXT    NOT NULL  -- what the server was found to allow, as JSON
) STRICT, WITHOUT ROWID;
