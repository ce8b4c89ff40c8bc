package abroad

import (
	"errors"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// Two servers that are in each other's trees cannot be gone through without end: what is too
// deep is refused, with no more connections than there may be, and what each has itself it
// goes on giving to others.
func TestCircle(t *testing.T) {
	t.Parallel()
	const limit = 3
	var servers [2]*testbed.FTPClient
	var addrs [2]string
	for i := range servers {
		addrs[i] = testbed.StartCluster(t, testbed.ClusterConfig{Folder: testbed.Dir(t), User: user, Password: password}).Masters[0].FTP()
		c, err := testbed.DialFTP(nil, addrs[i], user, password)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Store("STOR /file", []byte("content")); err != nil {
			t.Fatal(err)
		}
		servers[i] = c
	}
	for i, c := range servers {
		host, port, err := net.SplitHostPort(addrs[1-i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(200, "SITE REMOTE ADDALIAS /next %s %s %s %s / --limit %d", host, port, user, password, limit); err != nil {
			t.Fatal(err)
		}
	}
	one := servers[0]
	begun := time.Now()
	if _, err := one.Fetch("LIST -R /"); time.Since(begun) > 30*time.Second {
		t.Errorf("a listing of all took %v, %v", time.Since(begun), err)
	}
	depth, dir := 0, ""
	for ; depth < 10*limit; depth++ {
		dir += "/next"
		begun := time.Now()
		_, err := one.Do(250, "CWD %s", dir)
		if err == nil {
			_, err = one.Fetch("RETR " + dir + "/file")
		}
		if err == nil {
			continue
		}
		if refused := (*textproto.Error)(nil); !errors.As(err, &refused) || refused.Code != 450 || time.Since(begun) > 10*time.Second {
			t.Errorf("at depth %d after %v: %v", depth+1, time.Since(begun), err)
		}
		break
	}
	if depth == 0 || depth > 2*limit {
		t.Errorf("%d times round", depth)
	}
	for i, c := range servers {
		if got, err := c.Fetch("RETR /file"); err != nil || string(got) != "content" {
			t.Errorf("server %d: %q, %v", i+1, got, err)
		}
		answer, err := c.Do(2, "SITE REMOTE CONNECTIONS")
		if n := strings.Count(answer, "/next"); err != nil || n == 0 || n > limit {
			t.Errorf("server %d: %v\n%s", i+1, err, answer)
		}
	}
}
