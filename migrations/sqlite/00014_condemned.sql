-- +goose Up
-- Trees that a collection has not reached. They go unless they are reached
-- later, or put again, which takes them from here.
CREATE TABLE condemned (
    id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
