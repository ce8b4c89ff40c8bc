-- +goose Up
-- Other trackers, and how exchanging with them goes.
CREATE TABLE peers (
    id           BINARY(16)    NOT NULL PRIMARY KEY, -- the first 16 bytes of the URL's SHA-256
    url          VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    name         VARCHAR(100)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- as it says; '' before it was asked
    public_key   VARCHAR(100)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- of minisign; '' where it is only known of
    trust        TEXT          CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- for which sites it is believed: patterns, as JSON
    introduces   TINYINT       NOT NULL, -- whether it may vouch for others' keys
    via          VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- URL of the peer that vouched for it; '' where that was the operator
    etag         VARCHAR(255)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- of the last list of its snapshots
    polled_at    BIGINT        NOT NULL,
    succeeded_at BIGINT        NOT NULL,
    seen_at      BIGINT        NOT NULL, -- when it was last heard of
    error        VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- of the last poll; '' where it went well
    bytes        BIGINT        NOT NULL, -- received, in all
    packs        BIGINT        NOT NULL,
    snapshots    BIGINT        NOT NULL, -- taken over
    refused      BIGINT        NOT NULL
) ENGINE = InnoDB;
