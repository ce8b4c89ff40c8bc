package mirror

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestVisitValidate(t *testing.T) {
	for _, c := range []struct {
		url   string
		visit Visit
		why   string // "" where it is sound
	}{
		{"ftp://h/", Visit{}, ""},
		{"ftp://h/", Visit{Listing: "stat", Connections: 32, Rate: 0.5, Bandwidth: 1 << 20, Hours: "22-6", Pause: time.Hour}, ""},
		{"ftp://h/", Visit{TLS: "explicit", CA: "/etc/ca.pem", Family: "ipv6", User: "mirror", Password: "env:MIRROR_PASSWORD"}, ""},
		{"ftps://h/", Visit{TLS: "implicit", Insecure: true, User: "m", Password: "file:/etc/password"}, ""},
		{"ftps://h/", Visit{CA: "ca.pem"}, ""},
		{"ftp://h/", Visit{Listing: "nlst"}, `listing "nlst" is not one of auto`},
		{"ftp://h/", Visit{Connections: -1}, "connections -1"},
		{"ftp://h/", Visit{Connections: 33}, "connections 33"},
		{"ftp://h/", Visit{Rate: -1}, "rate -1"},
		{"ftp://h/", Visit{Rate: 1e-9}, "rate 1e-09"},
		{"ftp://h/", Visit{Bandwidth: 100}, "bandwidth 100"},
		{"ftp://h/", Visit{Hours: "night"}, `hours "night"`},
		{"ftp://h/", Visit{Pause: -time.Second}, "pause -1s"},
		{"ftp://h/", Visit{TLS: "yes"}, `tls "yes"`},
		{"ftp://h/", Visit{TLS: "implicit"}, "begins with ftps://"},
		{"ftps://h/", Visit{TLS: "off"}, "contradicts the URL"},
		{"ftps://h/", Visit{TLS: "explicit"}, "contradicts the URL"},
		{"ftp://h/", Visit{CA: "ca.pem"}, "without tls"},
		{"ftp://h/", Visit{Insecure: true}, "without tls"},
		{"ftps://h/", Visit{CA: "ca.pem", Insecure: true}, "contradict each other"},
		{"ftp://h/", Visit{Family: "6"}, `family "6"`},
		{"ftp://h/", Visit{User: "a\r\nDELE b"}, "control character"},
		{"ftp://h/", Visit{Password: "env:X"}, "without a user"},
		{"ftp://h/", Visit{User: "m", Password: "hunter2"}, "not the secret itself"},
		{"ftp://h/", Visit{User: "m", Password: "env:"}, "env:NAME"},
	} {
		u, err := ParseURL(c.url)
		if err != nil {
			t.Fatal(err)
		}
		err = Site{Name: "a", URL: u, Weight: 1, Visit: c.visit}.Validate()
		if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%s %+v: %v; want %q", c.url, c.visit, err, c.why)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestReadPassword(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	env := map[string]string{"GOOD": "hunter2", "LINES": "hunter2\r\nDELE x"}
	for name, c := range map[string]struct{ reference, want, why string }{
		"none":              {"", "", ""},
		"variable":          {"env:GOOD", "hunter2", ""},
		"file":              {file("hunter2"), "hunter2", ""},
		"file with lines":   {file("hunter2\nand a comment\n"), "hunter2", ""},
		"file of Windows":   {file("hunter2\r\n"), "hunter2", ""},
		"long":              {file(strings.Repeat("x", maxPassword)), strings.Repeat("x", maxPassword), ""},
		"too long":          {file(strings.Repeat("x", 1<<20)), "", "more than 512 bytes"},
		"empty variable":    {"env:NONE", "", "user me: env:NONE is empty"},
		"empty file":        {file(""), "", "is empty"},
		"no file":           {"file:/no/such/file", "", "/no/such/file"},
		"two lines":         {"env:LINES", "", "control character"},
		"password in place": {"hunter2", "", "not the secret itself"},
	} {
		got, err := Visit{User: "me", Password: c.reference}.ReadPassword(func(name string) string { return env[name] })
		if got != c.want || (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, c.want, c.why)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
}

func TestVisitInJSON(t *testing.T) {
	for _, c := range []struct {
		visit Visit
		text  string
	}{
		{Visit{}, `{}`},
		{Visit{Hours: "22-6", Pause: 90 * time.Minute}, `{"hours":"22-6","pause_seconds":5400}`},
		{Visit{Rate: 0.5, Pause: MaxPause}, `{"rate":0.5,"pause_seconds":2678400}`},
		{Visit{Pause: 1234 * time.Millisecond, User: "me"}, `{"user":"me","pause_seconds":1.234}`},
	} {
		text, err := json.Marshal(c.visit)
		if err != nil || string(text) != c.text {
			t.Errorf("%+v is %s, %v; want %s", c.visit, text, err, c.text)
		}
		var again Visit
		if err := json.Unmarshal(text, &again); err != nil || again != c.visit {
			t.Errorf("%s is read as %+v, %v", text, again, err)
		}
	}
}
