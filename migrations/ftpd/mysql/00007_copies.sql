-- +goose Up
CREATE TABLE ftp_copies (
    slave BIGINT NOT NULL,
    node  BIGINT NOT NULL, -- a file, of which the slave has the version that the node says
    PRIMARY KEY (slave, node),
    KEY (node, slave)
) ENGINE = InnoDB;
