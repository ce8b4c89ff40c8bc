package abroad

import (
	"net"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

// An administrator does not wait for a server that says nothing: what it allows is found out
// all the same, once.
func TestSoon(t *testing.T) {
	t.Parallel()
	cluster := testbed.StartCluster(t, testbed.ClusterConfig{Folder: testbed.Dir(t), User: user, Password: password})
	script := ftpscript.Mirror(nil)
	script["LIST"] = ftpscript.Hang
	s := ftpscript.Start(t, script)
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := testbed.DialFTP(nil, cluster.Masters[0].FTP(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	begun := time.Now()
	for _, command := range []string{"ADDALIAS /away " + host + " " + port + " somebody secret /", "ADDMIRROR 1 1 /away"} {
		answer, err := admin.Do(200, "SITE REMOTE %s", command)
		if err != nil || !strings.Contains(answer, "has not shown yet what it allows") {
			t.Errorf("%s: %q, %v", command, answer, err)
		}
	}
	if took := time.Since(begun); took > 3500*time.Millisecond {
		t.Errorf("the answers took %v", took)
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for ; ; <-again.C {
		answer, err := admin.Do(2, "SITE REMOTE ALIAS /away")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(answer, "tried out") {
			if !strings.Contains(strings.Join(strings.Fields(answer), " "), "allows pasv no") || s.Count("LIST") != 1 {
				t.Errorf("it was asked %d times: %s", s.Count("LIST"), answer)
			}
			return
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatal(answer)
		}
	}
}
