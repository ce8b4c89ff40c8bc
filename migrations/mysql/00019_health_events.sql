-- +goose Up
-- What changed in the health of URLs, and when the brake was put on.
CREATE TABLE health_events (
    happened_at BIGINT        NOT NULL, -- Unix milliseconds
    id          BINARY(16)    NOT NULL, -- random
    kind        VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    site        BINARY(16)    NOT NULL, -- zeros where it is about none
    url         VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- empty where it is about none
    family      VARCHAR(8)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scheme      VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    from_state  VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    to_state    VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason      VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    checker     VARCHAR(255)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (happened_at, id)
) ENGINE = InnoDB;
