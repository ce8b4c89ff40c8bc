package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mirrortracker/internal/store"
)

// Keep returns the path of a SQLite database with the world, below a folder in which
// worlds are kept. It is written if it is not there; nobody is to change it.
func (p Params) Keep(ctx context.Context, folder string, say func(format string, args ...any)) (database string, was Written, err error) {
	dir := filepath.Join(folder, p.String())
	database, about := filepath.Join(dir, "tracker.db"), filepath.Join(dir, "world.json")
	text, err := os.ReadFile(about)
	if err == nil {
		return database, was, json.Unmarshal(text, &was)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", was, err
	}
	if err := os.RemoveAll(dir); err != nil { // of one that was not finished
		return "", was, err
	}
	say("writing a world of %d directories on %d sites", p.Dirs, p.Sites)
	db, err := store.Open(ctx, "sqlite:"+database)
	if err != nil {
		return "", was, err
	}
	was, err = p.Write(ctx, db, say)
	if err := errors.Join(err, db.Close()); err != nil {
		return "", was, fmt.Errorf("write a world: %w", err)
	}
	if text, err = json.MarshalIndent(was, "", "  "); err != nil {
		return "", was, err
	}
	return database, was, os.WriteFile(about, append(text, '\n'), 0o644)
}
