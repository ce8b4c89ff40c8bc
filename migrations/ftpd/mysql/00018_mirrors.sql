-- +goose Up
-- The members of mirror entries.
CREATE TABLE ftp_mirrors (
    id         INT             NOT NULL, -- of the entry: its MirrorID
    alias      VARBINARY(1000) NOT NULL, -- the path of one, as bytes; '': our own site
    position   INT             NOT NULL, -- grows in the order in which members were added
    weight     INT             NOT NULL,
    is_default TINYINT         NOT NULL, -- 1: it takes the place of one that fails
    PRIMARY KEY (id, alias)
) ENGINE = InnoDB;
