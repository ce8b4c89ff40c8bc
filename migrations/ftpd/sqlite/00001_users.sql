-- +goose Up
CREATE TABLE ftp_users (
    name         TEXT    NOT NULL PRIMARY KEY,
    password     TEXT    NOT NULL, -- an argon2id hash in PHC form; '' lets nobody in
    home         BLOB    NOT NULL, -- a path, as bytes
    rules        BLOB    NOT NULL, -- one a line, the first that matches wins
    networks     TEXT    NOT NULL, -- from where sessions may come, with blanks between; '' as the groups say
    disabled     INTEGER NOT NULL, -- 1 or 0
    expires_at   INTEGER NOT NULL, -- Unix seconds; 0 for never
    max_bytes    INTEGER NOT NULL, -- this and the next five: 0 as the groups say, -1 without limit
    max_files    INTEGER NOT NULL,
    max_up       INTEGER NOT NULL, -- bytes a second
    max_down     INTEGER NOT NULL, -- bytes a second
    max_sessions INTEGER NOT NULL,
    max_address  INTEGER NOT NULL, -- sessions from one address
    used_bytes   INTEGER NOT NULL, -- what counts against max_bytes
    used_files   INTEGER NOT NULL  -- what counts against max_files
) STRICT, WITHOUT ROWID;
