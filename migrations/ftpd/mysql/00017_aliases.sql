-- +goose Up
-- Paths at which trees of foreign FTP servers appear.
CREATE TABLE ftp_aliases (
    path        VARBINARY(1000) NOT NULL PRIMARY KEY, -- bytes
    host        VARCHAR(255)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    port        INT             NOT NULL,
    login       VARBINARY(255)  NOT NULL, -- the user, as bytes
    password    VARBINARY(1000) NOT NULL, -- sealed with the key of the masters
    root        VARBINARY(1000) NOT NULL, -- which directory of the server it is, as bytes
    tls         VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- off, explicit or implicit
    connections INT             NOT NULL, -- at most; 0: as many as to others
    tunnel      TINYINT         NOT NULL, -- 1: no data connection leads past us
    epoch       BIGINT          NOT NULL, -- how often its connections were to be closed
    abilities   TEXT            CHARACTER SET utf8mb4 NOT NULL -- what the server was found to allow, as JSON
) ENGINE = InnoDB;
