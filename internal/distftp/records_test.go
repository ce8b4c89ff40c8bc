package distftp_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/distftp/xferlog"
	"mirrortracker/internal/testbed"
)

// A ledger is a record in a file.
type ledger struct {
	*xferlog.Log
	path string
}

func newLedger(t *testing.T, format xferlog.Format) *ledger {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, err := xferlog.Open(path, format, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{log, path}
}

// lines ends the record and returns it.
func (l *ledger) lines(t *testing.T) []string {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// someTransfers does one of everything that is recorded. The server has ended when it
// returns.
func someTransfers(t *testing.T, config distftp.Config) {
	t.Helper()
	t.Run("transfers", func(t *testing.T) { doSomeTransfers(t, config) })
}

func doSomeTransfers(t *testing.T, config distftp.Config) {
	dir := plant(t, t.TempDir(), map[string]string{"two words": "0123456789", "umläut": "x", "lat\xefn": "y", "text": "a\nb\n"})
	hugeFile(t, dir)
	config.FS, config.Access = openFolder(t, dir), control.ReadWrite
	c := dial(t, serve(t, config))
	c.do("USER ann", "331")
	c.do("PASS wrong", "530")
	c.do("USER ftp", "331")
	c.do("PASS a b@example.org", "230")
	c.fetch("RETR text", "226")
	c.do("TYPE I", "200")
	c.do("REST 4", "350")
	c.fetch("RETR two words", "226")
	c.fetch("RETR umläut", "226")
	c.fetch("RETR lat\xefn", "226")
	c.fetch("MLSD", "226")
	c.put("STOR new", "hello", "226")
	data := beginHuge(t, c)
	c.do("ABOR", "426")
	c.want("226")
	data.Close()
	c.do("MKD sub", "257")
	c.do("RNFR new", "350")
	c.do("RNTO sub/new", "250")
	c.do("DELE sub/new", "250")
	c.do("XCRC text", "250")
	c.do("SITE CPFR text", "350")
	c.do("SITE CPTO copy", "250")
	c.do("NONSENSE", "500")
	c.do("QUIT", "221")
	io.Copy(io.Discard, c.r)
}

func TestClassicRecord(t *testing.T) {
	l := newLedger(t, xferlog.Classic)
	someTransfers(t, distftp.Config{Observer: l, FailureDelay: 1})
	const head = `[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} \d+ 127\.0\.0\.1 `
	want := []string{
		`6 /text a _ o a a_b@example.org ftp 0 \* c`,
		`6 /two_words b _ o a a_b@example.org ftp 0 \* c`,
		`1 /umläut b _ o a a_b@example.org ftp 0 \* c`,
		"1 /lat\xefn b _ o a a_b@example.org ftp 0 \\* c",
		`5 /new b _ i a a_b@example.org ftp 0 \* c`,
		`\d+ /huge b _ o a a_b@example.org ftp 0 \* i`,
		`5 /sub/new b _ d a a_b@example.org ftp 0 \* c`,
	}
	got := l.lines(t)
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, line := range got {
		// Bytes, not UTF-8: each stands for the character of its number.
		if !regexp.MustCompile("^" + latin1(head+want[i]) + "$").MatchString(latin1(line)) {
			t.Errorf("line %d:\n%s\nwant %s", i, line, head+want[i])
		}
	}
}

func latin1(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
	return b.String()
}

func TestJSONRecord(t *testing.T) {
	all, transfers := newLedger(t, xferlog.Everything), newLedger(t, xferlog.JSON)
	someTransfers(t, distftp.Config{Observer: control.Observers{all, transfers}, FailureDelay: 1})
	// What differs from run to run is left out.
	volatile := regexp.MustCompile(`"(time|client|door|seconds)":("[^"]*"|[\d.e-]+),?|"bytes":\d{4,},?`)
	tidy := func(lines []string) []string {
		for i, line := range lines {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
			lines[i] = strings.ReplaceAll(volatile.ReplaceAllString(line, ""), ",}", "}")
		}
		return lines
	}
	const who = `"session":1,"protection":"none","user":"anonymous","anonymous":true,"ident":"a b@example.org",`
	want := []string{
		`{"event":"login_failed","session":1,"protection":"none","user":"ann","why":"wrong"}`,
		`{"event":"login",` + strings.TrimSuffix(who, ",") + `}`,
		`{"event":"download",` + who + `"verb":"RETR","path":"/text","type":"A","mode":"EPSV","tls":false,"bytes":6,"complete":true,"reply":226}`,
		`{"event":"download",` + who + `"verb":"RETR","path":"/two words","type":"I","mode":"EPSV","tls":false,"offset":4,"size":6,"bytes":6,"complete":true,"reply":226}`,
		`{"event":"download",` + who + `"verb":"RETR","path":"/umläut","type":"I","mode":"EPSV","tls":false,"size":1,"bytes":1,"complete":true,"reply":226}`,
		`{"event":"download",` + who + `"verb":"RETR","path":"/lat%EFn","escaped":true,"type":"I","mode":"EPSV","tls":false,"size":1,"bytes":1,"complete":true,"reply":226}`,
		`{"event":"listing",` + who + `"verb":"MLSD","path":"/","type":"I","mode":"EPSV","tls":false,"bytes":SOME,"complete":true,"reply":226}`,
		`{"event":"upload",` + who + `"verb":"STOR","path":"/new","type":"I","mode":"EPSV","tls":false,"bytes":5,"complete":true,"reply":226}`,
		`{"event":"download",` + who + `"verb":"RETR","path":"/huge","type":"I","mode":"EPSV","tls":false,"size":SIZE,"complete":false,"reply":426,"error":"aborted by the client"}`,
		`{"event":"change",` + who + `"verb":"MKD","path":"/sub"}`,
		`{"event":"change",` + who + `"verb":"RNTO","path":"/new","to":"/sub/new"}`,
		`{"event":"change",` + who + `"verb":"DELE","path":"/sub/new"}`,
		`{"event":"computed",` + who + `"verb":"XCRC","path":"/text","bytes":4,"complete":true}`,
		`{"event":"computed",` + who + `"verb":"SITE CPTO","path":"/copy","bytes":4,"complete":true}`,
		`{"event":"change",` + who + `"verb":"SITE CPTO","path":"/text","to":"/copy"}`,
	}
	vague := regexp.MustCompile(`("size"):\d{4,}|("verb":"MLSD".*"bytes"):\d+`)
	got := tidy(all.lines(t))
	for i := range got {
		got[i] = vague.ReplaceAllStringFunc(got[i], func(s string) string {
			if strings.HasPrefix(s, `"size"`) {
				return `"size":SIZE`
			}
			return s[:strings.LastIndex(s, ":")] + ":SOME"
		})
	}
	if last := len(got) - 1; last != len(want) || !strings.Contains(got[last], `"event":"logout"`) ||
		!strings.Contains(got[last], `"uploads":1,"downloads":4,"listings":1,"bytes_in":5,`) {
		t.Fatalf("%d lines:\n%s", len(got), strings.Join(got, "\n"))
	}
	for i, line := range want {
		if got[i] != line {
			t.Errorf("line %d:\n%s, want\n%s", i, got[i], line)
		}
	}
	if got := tidy(transfers.lines(t)); len(got) != 6 {
		t.Errorf("%d transfers of files:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// A program that counts transfers of other servers counts ours.
func TestClassicRecordIsUnderstood(t *testing.T) {
	webalizer := testbed.Need(t, "webalizer")
	l := newLedger(t, xferlog.Classic)
	someTransfers(t, distftp.Config{Observer: l, FailureDelay: 1})
	written := len(l.lines(t))
	out := t.TempDir()
	settings := filepath.Join(out, "webalizer.conf")
	if err := os.WriteFile(settings, []byte("DumpURLs yes\nDumpExtension tab\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), webalizer, "-c", settings, "-F", "ftp", "-N", "0", "-o", out, "-n", "ftp.example", l.path).CombinedOutput()
	if err != nil {
		t.Fatalf("webalizer: %v\n%s", err, said)
	}
	// Otherwise it says how many of them are bad.
	if !strings.Contains(string(said), itoa(written)+" records in ") {
		t.Errorf("webalizer does not understand all %d lines:\n%s", written, said)
	}
	dumps, err := filepath.Glob(filepath.Join(out, "url_*.tab"))
	if err != nil || len(dumps) != 1 {
		t.Fatalf("webalizer wrote %d lists of files, %v\n%s", len(dumps), err, said)
	}
	files, err := os.ReadFile(dumps[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/text", "/two_words", "/new", "/huge"} {
		if !strings.Contains(string(files), name) {
			t.Errorf("webalizer does not count %s:\n%s", name, files)
		}
	}
}

func TestMetrics(t *testing.T) {
	m := metrics.New()
	m.WatchPasswords(func() int { return 3 })
	m.WatchLog("xferlog", func() uint64 { return 2 })
	someTransfers(t, distftp.Config{Observer: m, FailureDelay: 1, Authenticator: control.Anonymous{}})
	alive := true
	web := httptest.NewServer(m.Handler(func() bool { return alive }))
	defer web.Close()
	get := func(path string, status int) string {
		t.Helper()
		r, err := http.Get(web.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != status {
			t.Fatalf("%s: %s, %v", path, r.Status, err)
		}
		return string(b)
	}
	text := "\n" + get("/metrics", 200)
	for _, line := range []string{
		`ftpd_sessions{protection="none"} 0`,
		`ftpd_sessions_total{protection="none"} 1`,
		`ftpd_logins_total{outcome="anonymous"} 1`,
		`ftpd_logins_total{outcome="wrong"} 1`,
		`ftpd_commands_total{verb="RETR"} 5`,
		`ftpd_commands_total{verb="other"} 1`,
		`ftpd_transfers_total{outcome="complete",verb="RETR"} 4`,
		`ftpd_transfers_total{outcome="failed",verb="RETR"} 1`,
		`ftpd_transfer_duration_seconds_count{direction="listing"} 1`,
		`ftpd_data_bytes_total{direction="upload"} 5`,
		`ftpd_transfers{direction="download"} 0`,
		`ftpd_changes_total{verb="DELE"} 1`,
		`ftpd_computed_total{outcome="complete"} 2`,
		`ftpd_passwords_waiting 3`,
		`ftpd_log_dropped_total{log="xferlog"} 2`,
		`ftpd_sweeps_total{outcome="complete"} 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if got := get("/healthz", 200); got != "ok\n" {
		t.Errorf("healthz: %q", got)
	}
	alive = false
	get("/healthz", 503)
}
