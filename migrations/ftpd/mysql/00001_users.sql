-- +goose Up
CREATE TABLE ftp_users (
    name         VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    password     VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- an argon2id hash in PHC form; '' lets nobody in
    home         BLOB    NOT NULL, -- a path, as bytes
    rules        BLOB    NOT NULL, -- one a line, the first that matches wins
    networks     TEXT    CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- from where sessions may come, with blanks between; '' as the groups say
    disabled     TINYINT NOT NULL, -- 1 or 0
    expires_at   BIGINT  NOT NULL, -- Unix seconds; 0 for never
    max_bytes    BIGINT  NOT NULL, -- this and the next five: 0 as the groups say, -1 without limit
    max_files    BIGINT  NOT NULL,
    max_up       BIGINT  NOT NULL, -- bytes a second
    max_down     BIGINT  NOT NULL, -- bytes a second
    max_sessions BIGINT  NOT NULL,
    max_address  BIGINT  NOT NULL, -- sessions from one address
    used_bytes   BIGINT  NOT NULL, -- what counts against max_bytes
    used_files   BIGINT  NOT NULL  -- what counts against max_files
) ENGINE = InnoDB;
