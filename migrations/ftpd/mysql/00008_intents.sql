-- +goose Up
CREATE TABLE ftp_intents (
    slave   BIGINT      NOT NULL,
    seq     BIGINT      NOT NULL,
    prev    BIGINT      NOT NULL, -- the seq before, for this slave
    deed    VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    path    BLOB        NOT NULL,
    to_path BLOB        NOT NULL,
    op      BIGINT      NOT NULL,
    version BIGINT      NOT NULL,
    size    BIGINT      NOT NULL,
    mtime   BIGINT      NOT NULL, -- Unix nanoseconds
    PRIMARY KEY (slave, seq)
) ENGINE = InnoDB;
