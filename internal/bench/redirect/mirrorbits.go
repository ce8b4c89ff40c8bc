package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// mirrorbits is given less to do than the redirector has: ten mirrors of ten thousand
// files, which all of them have. Its database is filled as its scans of the mirrors would
// do it.
const (
	bitsMirrors = 10
	bitsFiles   = 10_000
)

const bitsConfig = `Repository: %[1]s/repo
Templates: %[1]s/templates
LogDir: %[1]s
GeoipDatabasePath: %[2]s
OutputMode: redirect
ListenAddress: %[3]s
RPCListenAddress: %[4]s
RedisAddress: %[5]s
RepositoryScanInterval: 0
MaxLinkHeaders: 5
Hashes:
    SHA256: Off
    SHA1: Off
    MD5: Off
`

// startMirrorbits starts mirrorbits and the Redis that it needs, where it is to be compared
// with.
func (b *bench) startMirrorbits(ctx context.Context) (s *server, err error) {
	if b.options.Mirrorbits == "" {
		b.absent[mirrorbits] = "set MIRRORBITS to the path of mirrorbits"
		return nil, nil
	}
	redisServer, err := testbed.Find("redis-server")
	if err != nil {
		b.absent[mirrorbits] = err.Error()
		return nil, nil
	}
	s = &server{name: mirrorbits}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	dir := b.file("mirrorbits")
	files := b.common(bitsFiles)
	if err := writeRepository(dir, files); err != nil {
		return s, err
	}
	var addresses [3]string
	for i := range addresses {
		if addresses[i], err = freeAddress(); err != nil {
			return s, err
		}
	}
	redis := addresses[2]
	_, port, _ := net.SplitHostPort(redis)
	db, err := process.Start(filepath.Join(dir, "redis.log"), nil, redisServer, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", dir)
	if err != nil {
		return s, err
	}
	s.processes = append(s.processes, db)
	if err := db.Await(10*time.Second, func() error { return dial(redis) }); err != nil {
		return s, err
	}
	config := filepath.Join(dir, "mirrorbits.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, bitsConfig, dir, b.dir, addresses[0], addresses[1], redis), 0o644); err != nil {
		return s, err
	}
	p, err := process.Start(filepath.Join(dir, "mirrorbits.log"), nil, b.options.Mirrorbits, "daemon", "-config", config)
	if err != nil {
		return s, err
	}
	s.processes = append(s.processes, p)
	s.addr, s.paths = addresses[0], filepath.Join(dir, "paths")
	if err := p.Await(2*time.Minute, func() error { return scanned(redis, len(files)) }); err != nil {
		return s, err
	}
	if err := fillRedis(redis, b.options.params().Tracked()[:bitsMirrors], files); err != nil {
		return s, err
	}
	if err := writeLines(s.paths, files); err != nil {
		return s, err
	}
	b.Say("mirrorbits has %d files on %d mirrors", len(files), bitsMirrors)
	for i := range min(checked, len(files)) {
		res, err := ask(ctx, "http://"+s.addr+files[i], b.clients[i].Addr.String())
		if err != nil {
			return s, err
		}
		if location := res.Header.Get("Location"); !strings.HasSuffix(location, files[i]) {
			return s, fmt.Errorf("mirrorbits answers %s with %s %v", files[i], res.Status, res.Header)
		}
	}
	return s, nil
}

// common returns so many files of the archive that are asked for, as its mirrors have them.
func (b *bench) common(most int) (files []string) {
	seen := map[mirror.Path]bool{}
	for _, path := range b.asked {
		if path.Known && path.Site < b.world.Mirrors() && !seen[path.Path] && len(files) < most {
			seen[path.Path] = true
			files = append(files, string(path.Path))
		}
	}
	return files
}

// bitsSize is that of all of its files, in bytes.
const bitsSize = 1 << 20

// writeRepository makes the files that mirrorbits looks for on every request, and the
// pages that it does not show.
func writeRepository(dir string, files []string) error {
	for _, template := range []string{"base.html", "mirrorlist.html", "mirrorstats.html"} {
		file := filepath.Join(dir, "templates", template)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(`{{define "base"}}{{end}}`), 0o644)); err != nil {
			return err
		}
	}
	for _, name := range files {
		file := filepath.Join(dir, "repo", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o644), os.Truncate(file, bitsSize)); err != nil {
			return err
		}
	}
	return nil
}

// fillRedis says which mirrors there are, and that all of them have the files.
func fillRedis(addr string, sites []mirror.Site, files []string) error {
	return redisCommands(addr, func(do func(words ...string)) {
		for i, site := range sites {
			id := fmt.Sprint(1 + i)
			do("HSET", "MIRRORS", id, site.Name)
			do("HSET", "MIRROR_"+id, "ID", id, "name", site.Name, "http", site.Serving[0].String(),
				"latitude", fmt.Sprint(site.Place.Latitude), "longitude", fmt.Sprint(site.Place.Longitude), "countryCodes", strings.ToUpper(site.Country),
				"asnum", fmt.Sprint(site.AS), "score", "0", "enabled", "1", "httpUp", "1", "httpsUp", "1")
			for _, file := range files {
				do("SADD", "FILEMIRRORS_"+file, id)
				do("HSET", "FILEINFO_"+id+"_"+file, "size", fmt.Sprint(bitsSize))
			}
		}
	}, io.Discard)
}

// scanned reports whether mirrorbits has found its files.
func scanned(addr string, files int) error {
	var replies strings.Builder
	if err := redisCommands(addr, func(do func(words ...string)) { do("SCARD", "FILES") }, &replies); err != nil {
		return err
	}
	if want := fmt.Sprintf(":%d\r\n", files); !strings.HasPrefix(replies.String(), want) {
		return fmt.Errorf("it has found %q of %d files", replies.String(), files)
	}
	return nil
}

// redisCommands sends commands to Redis (RESP, version 2), and copies its replies.
func redisCommands(addr string, send func(do func(words ...string)), replies io.Writer) error {
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(replies, conn)
		read <- err
	}()
	out := bufio.NewWriter(conn)
	do := func(words ...string) {
		fmt.Fprintf(out, "*%d\r\n", len(words))
		for _, word := range words {
			fmt.Fprintf(out, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	send(do)
	do("QUIT") // it then closes the connection
	return errors.Join(out.Flush(), <-read)
}
