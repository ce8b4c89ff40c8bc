-- +goose Up
-- The members of mirror entries.
CREATE TABLE ftp_mirrors (
    id         INTEGER NOT NULL, -- of the entry: its MirrorID
    alias      BLOB    NOT NULL, -- the path of one, as bytes; '': our own site
    position   INTEGER NOT NULL, -- grows in the order in which members were added
    weight     INTEGER NOT NULL,
    is_default INTEGER NOT NULL, -- 1: it takes the place of one that fails
    PRIMARY KEY (id, alias)
) STRICT, WITHOUT ROWID;
