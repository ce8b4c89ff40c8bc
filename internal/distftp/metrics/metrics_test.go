package metrics

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Every metric is in the table of the documentation.
func TestDocumented(t *testing.T) {
	manual, err := os.ReadFile("../../../docs/ftpd.md")
	if err != nil {
		t.Fatal(err)
	}
	m := New()
	m.WatchLog("xferlog", func() uint64 { return 0 })
	m.WatchPasswords(func() int { return 0 })
	descs := make(chan *prometheus.Desc, 200)
	m.registry.Describe(descs)
	close(descs)
	name, found := regexp.MustCompile(`fqName: "(ftpd_\w+)"`), 0
	for d := range descs {
		if n := name.FindStringSubmatch(d.String()); n != nil {
			found++
			if !strings.Contains(string(manual), "`"+n[1]+"`") {
				t.Errorf("docs/ftpd.md does not have %s", n[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d metrics were found", found)
	}
}
