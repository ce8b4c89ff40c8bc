package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"mirrortracker/internal/human"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/program"
)

type packVerify struct {
	File string `arg:"" help:"The file; FILE.minisig is its signature."`
	Key  string `help:"Public key by which it must be signed, or a file with it. Default: that of a peer, or this tracker's own." placeholder:"KEY"`
}

func (packVerify) Help() string {
	return "The signature is verified, and then all of the file is read and computed anew, as if it were imported. Nothing is stored. A file that builds upon another snapshot can be read where that one is known.\n\n" +
		program.Examples("crawler pack verify gnu.pack", "crawler pack verify gnu.pack --key gnu.pub")
}

// Run reads the pack.
func (c *packVerify) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	signature, err := readSignature(c.File)
	if err != nil {
		return err
	}
	from, err := s.signer(c.Key, signature)
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pack.Verify(file, from.Key, signature); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	header, trees, err := readPack(a, file, s.Store)
	if err != nil {
		return explainReceive(fmt.Errorf("%s: %w", c.File, err))
	}
	if a.Flags.JSON {
		return a.JSON(map[string]any{"key": from.Key.String(), "trees": trees, "header": header})
	}
	_, err = fmt.Fprintf(a.Stdout, "%s is signed by %s and adds up: %s with %s, %s in the file\n", c.File, from.Key,
		human.Plural(header.Dirs, "directory", "directories"), human.Plural(header.Files, "file", "files"), human.Plural(trees, "tree", "trees"))
	return err
}

// readPack reads all of a pack, and keeps nothing of it.
func readPack(ctx context.Context, file io.Reader, src pack.Source) (header *pack.Header, trees int64, err error) {
	r, err := pack.NewReader(file, src, pack.DefaultLimits)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		if _, err := r.Next(ctx); errors.Is(err, io.EOF) {
			return r.Header(), r.Trees(), nil
		} else if err != nil {
			return nil, 0, err
		}
	}
}

type packShow struct {
	File string `arg:"" help:"The file."`
}

func (packShow) Help() string {
	return "Neither the signature nor what the file says of itself is verified: see crawler pack verify.\n\n" + program.Examples("crawler pack show gnu.pack", "crawler pack show gnu.pack --json")
}

// Run prints the header.
func (c *packShow) Run(a *program.App) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := pack.NewReader(file, nil, pack.DefaultLimits)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	defer r.Close()
	if a.Flags.JSON {
		return a.JSON(r.Header())
	}
	return a.Facts(headerFacts(r.Header()))
}
