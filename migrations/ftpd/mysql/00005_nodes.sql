-- +goose Up
CREATE TABLE ftp_nodes (
    parent  BIGINT         NOT NULL, -- the id of the directory, 0 is the root, which has no row
    name    VARBINARY(255) NOT NULL, -- bytes
    id      BIGINT         NOT NULL,
    kind    TINYINT        NOT NULL, -- 0 file, 1 directory, 2 link
    size    BIGINT         NOT NULL,
    mtime   BIGINT         NOT NULL, -- Unix nanoseconds
    mode    INT            NOT NULL, -- permission bits
    owner   VARCHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    target  BLOB           NOT NULL, -- of a link
    version BIGINT         NOT NULL, -- of the content of a file
    crc32   BIGINT         NOT NULL, -- of the content of a file, -1 where it is not known
    sha256  VARBINARY(32)  NOT NULL, -- likewise, empty where it is not known
    PRIMARY KEY (parent, name),
    UNIQUE KEY (id)
) ENGINE = InnoDB;
