package distftp_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/testbed"
)

// withUser opens a database with one user in it, ann, whose password is x and who may do
// everything within her limits.
func withUser(t testing.TB, url string, limits account.Limits) (*account.Store, distftp.Users) {
	t.Helper()
	hasher := account.NewHasher(account.Cost{Time: 1, Memory: 8, Threads: 1}, 2)
	hash, err := hasher.Hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	rule, err := account.ParseRule("allow all /**")
	if err != nil {
		t.Fatal(err)
	}
	store, err := account.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if err := store.AddUser(t.Context(), account.User{Name: "ann", Password: hash, Rules: []account.Rule{rule}, Limits: limits}); err != nil {
		t.Fatal(err)
	}
	return store, distftp.Users{Desk: account.NewDesk(store, hasher, time.Now)}
}

func freshDatabase(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "ftpd.db")
}

func TestQuotaOnSQLite(t *testing.T)  { quotaIsKept(t, freshDatabase(t)) }
func TestQuotaOnMariaDB(t *testing.T) { quotaIsKept(t, testbed.MariaDB(t)) }

// A user stores what its quota allows, however it comes, and what is refused leaves
// nothing and counts nothing.
func quotaIsKept(t *testing.T, url string) {
	dir := t.TempDir()
	store, users := withUser(t, url, account.Limits{Bytes: 1000, Files: 4})
	addr := serve(t, distftp.Config{FS: openFolder(t, dir), Authenticator: users})
	c := dial(t, addr)
	c.loginAs("ann", "x", "230")
	c.do("TYPE I", "200")
	used := func(bytes, files int64) {
		t.Helper()
		u, err := store.User(t.Context(), "ann")
		if err != nil || u.Used != (account.Usage{Bytes: bytes, Files: files}) {
			t.Fatalf("%d bytes in %d files are used, %v; want %d in %d", u.Used.Bytes, u.Used.Files, err, bytes, files)
		}
	}
	bytes := func(n int) string { return strings.Repeat("x", n) }

	c.do("AVBL", "213 1000")
	c.do("ALLO 1001", "452")
	c.put("STOR a", bytes(600), "226")
	used(600, 1)
	c.put("STOR b", bytes(401), "552")
	if names := everything(t, dir); len(names) != 1 {
		t.Errorf("what was refused left something: %q", names)
	}
	used(600, 1)
	c.put("STOR a", bytes(1000), "226") // replaced: 400 more
	used(1000, 1)
	c.put("STOR a", bytes(1001), "552")
	if got := content(t, dir, "a"); got != bytes(1000) {
		t.Errorf("a refused replacement left %d bytes", len(got))
	}
	c.put("APPE a", "x", "552")
	c.put("STOR b", "", "226") // no bytes are left, but files
	used(1000, 2)
	c.put("STOR a", bytes(500), "226")
	used(500, 2)
	c.put("APPE a", bytes(100), "226")
	used(600, 2)
	c.do("REST 550", "350")
	c.put("STOR a", bytes(150), "226") // 700 now
	used(700, 2)
	c.do("REST 700", "350")
	c.put("STOR a", bytes(301), "552")
	c.put("STOU", bytes(300), "226")
	used(1000, 3)
	c.do("AVBL", "213 0")
	c.do("DELE b", "250")
	used(1000, 2)

	c.put("STOR a", bytes(100), "226")
	used(400, 2)
	c.do("SITE CPFR a", "350")
	c.do("SITE CPTO copy", "250")
	used(500, 3)
	c.put("STOR a", bytes(501), "226")
	c.do("SITE CPFR a", "350")
	c.do("SITE CPTO other", "552")
	used(901, 3)
	c.do("SITE SYMLINK copy link", "200") // links take nothing
	c.do("DELE link", "250")
	used(901, 3)
	c.put("STOR d", "", "226")
	c.do("EPSV", "229")
	c.do("STOR e", "552") // a fifth file, refused before it comes
	c.do("STOU", "552")
	c.do("SITE CPFR d", "350")
	c.do("SITE CPTO e", "552")
	c.do("AVBL", "213 0")
	c.do("RNFR d", "350")
	c.do("RNTO copy", "250") // in its place
	used(801, 3)
	c.do("RNFR copy", "350")
	c.do("RNTO copy", "250") // nothing happens
	used(801, 3)
	c.put("STOR copy", bytes(199), "226")
	used(1000, 3)

	// In TYPE A what is stored counts, not what comes.
	c.do("DELE copy", "250")
	c.do("TYPE A", "200")
	c.put("STOR text", strings.Repeat("a\r\n", 99)+"\n", "226")
	used(1000, 3)
	c.put("STOR text", strings.Repeat("a\r\n", 100), "552")
	used(1000, 3)
	if got := c.do("STAT", "211-"); !strings.Contains(got, "Quota left: 0 B, 1 file") {
		t.Errorf("STAT: %s", got)
	}
}

// An upload ends when there is too much of it, and not when all of it has come.
func TestQuotaEndsUpload(t *testing.T) {
	dir := t.TempDir()
	store, users := withUser(t, freshDatabase(t), account.Limits{Bytes: 3 << 20})
	c := dial(t, serve(t, distftp.Config{FS: openFolder(t, dir), Authenticator: users}))
	c.loginAs("ann", "x", "230")
	c.do("TYPE I", "200")
	conn := c.passive()
	c.do("STOR endless", "150")
	piece := make([]byte, 64<<10)
	for { // until the server ends it
		if _, err := conn.Write(piece); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the server takes no more, and does not say so")
			}
			break
		}
	}
	c.want("552")
	if names := everything(t, dir); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
	if u, err := store.User(t.Context(), "ann"); err != nil || u.Used != (account.Usage{}) {
		t.Errorf("used %v, %v", u.Used, err)
	}
}

// What uploads under way have taken is not there for others of the same user, and is when
// they have ended.
func TestQuotaOfUploadsUnderWay(t *testing.T) {
	dir := t.TempDir()
	_, users := withUser(t, freshDatabase(t), account.Limits{Bytes: 4 << 20})
	addr := serve(t, distftp.Config{FS: openFolder(t, dir), Authenticator: users})
	connect := func() *client {
		c := dial(t, addr)
		c.loginAs("ann", "x", "230")
		c.do("TYPE I", "200")
		return c
	}
	ann, also := connect(), connect()
	conn := ann.passive()
	ann.do("STOR first", "150")
	if _, err := conn.Write(make([]byte, 3<<20)); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(ann.do("STAT", "211-"), "STOR /first, 3145728 bytes") {
		// Until the server has all of it.
	}
	also.do("AVBL", "213 1048576")
	also.put("STOR second", strings.Repeat("x", 1<<20+1), "552")
	also.put("STOR second", strings.Repeat("x", 1<<20), "226")
	ann.send("ABOR")
	ann.want("426")
	ann.want("226")
	also.do("AVBL", "213 3145728")
	also.put("STOR first", strings.Repeat("x", 3<<20), "226")
	also.do("AVBL", "213 0")
}

// Of uploads that together are too much, so many are kept as there is room for, and
// exactly those count.
func TestQuotaOfSessionsAtOnce(t *testing.T) {
	dir := t.TempDir()
	store, users := withUser(t, freshDatabase(t), account.Limits{Bytes: 350})
	addr := serve(t, distftp.Config{FS: openFolder(t, dir), Authenticator: users})
	var ready, all sync.WaitGroup
	replies := make(chan string, 8)
	for i := range cap(replies) {
		c := dial(t, addr)
		c.loginAs("ann", "x", "230")
		conn := c.passive()
		c.do("STOR "+itoa(i), "150") // when there still is room for each
		ready.Add(1)
		all.Go(func() {
			io.WriteString(conn, strings.Repeat("x", 100))
			ready.Done()
			ready.Wait()
			conn.Close()
			replies <- c.reply()[:3]
		})
	}
	all.Wait()
	close(replies)
	kept := 0
	for code := range replies {
		if code == "226" {
			kept++
		} else if code != "552" {
			t.Errorf("reply %s", code)
		}
	}
	u, err := store.User(t.Context(), "ann")
	if names := everything(t, dir); err != nil || kept != 3 || len(names) != 3 || u.Used != (account.Usage{Bytes: 300, Files: 3}) {
		t.Errorf("%d kept, files %q, used %v, %v", kept, names, u.Used, err)
	}
}

// Without its database nothing is stored, and what is there stays.
func TestQuotaDatabaseAway(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"old": "old"})
	store, users := withUser(t, freshDatabase(t), account.Limits{})
	c := dial(t, serve(t, distftp.Config{FS: openFolder(t, dir), Authenticator: users}))
	c.loginAs("ann", "x", "230")
	if err := store.RemoveUser(context.Background(), "ann"); err != nil {
		t.Fatal(err)
	}
	c.put("STOR old", "another", "451")
	if got := content(t, dir, "old"); got != "old" {
		t.Errorf("the file is %q", got)
	}
	c.do("DELE old", "250")
}
