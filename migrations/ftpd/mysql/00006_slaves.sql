-- +goose Up
CREATE TABLE ftp_slaves (
    id          BIGINT       NOT NULL PRIMARY KEY,
    name        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    storage     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- the identity of its storage folders, '' until it has joined
    last_seq    BIGINT       NOT NULL, -- of the intents for it
    applied     BIGINT       NOT NULL, -- how far it was when it last said
    sync_seq    BIGINT       NOT NULL, -- when it had applied this and its names were what they should be
    sync_digest VARBINARY(32) NOT NULL, -- this was their digest, '' if that was never so
    drain       TINYINT      NOT NULL, -- 1 if it is to be emptied
    trusted     TINYINT      NOT NULL, -- 1 if it may have the certificate of the masters
    added_at    BIGINT       NOT NULL, -- Unix milliseconds, as seen_at
    seen_at     BIGINT       NOT NULL, -- 0 is never
    report      BLOB         NOT NULL, -- what it last said of itself, as JSON
    UNIQUE KEY (name)
) ENGINE = InnoDB;
