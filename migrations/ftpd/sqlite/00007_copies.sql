-- +goose Up
CREATE TABLE ftp_copies (
    slave INTEGER NOT NULL,
    node  INTEGER NOT NULL, -- a file, of which the slave has the version that the node says
    PRIMARY KEY (slave, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX ftp_copies_node ON ftp_copies (node, slave);
