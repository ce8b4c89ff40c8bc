-- +goose Up
CREATE TABLE ftp_intents (
    slave   INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    prev    INTEGER NOT NULL, -- the seq before, for this slave
    deed    TEXT    NOT NULL,
    path    BLOB    NOT NULL,
    to_path BLOB    NOT NULL,
    op      INTEGER NOT NULL,
    version INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    mtime   INTEGER NOT NULL, -- Unix nanoseconds
    PRIMARY KEY (slave, seq)
) STRICT, WITHOUT ROWID;
