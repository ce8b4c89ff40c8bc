-- +goose Up
CREATE TABLE ftp_nodes (
    parent  INTEGER NOT NULL, -- the id of the directory; 0: the root, which has no row
    name    BLOB    NOT NULL, -- bytes
    id      INTEGER NOT NULL UNIQUE,
    kind    INTEGER NOT NULL, -- 0 file, 1 directory, 2 link
    size    INTEGER NOT NULL,
    mtime   INTEGER NOT NULL, -- Unix nanoseconds
    mode    INTEGER NOT NULL, -- permission bits
    owner   TEXT    NOT NULL,
    target  BLOB    NOT NULL, -- of a link
    version INTEGER NOT NULL, -- of a file's content
    crc32   INTEGER NOT NULL, -- of a file's content; -1 where it is not known
    sha256  BLOB    NOT NULL, -- likewise; empty where it is not known
    PRIMARY KEY (parent, name)
) STRICT, WITHOUT ROWID;
