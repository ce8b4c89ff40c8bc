package control

import "testing"

// Passwords of users and of foreign servers are kept out of logs, also where a command is
// misspelt.
func TestRedact(t *testing.T) {
	for arg, want := range map[string]string{
		"REMOTE ADDALIAS /a h 21 user pass /":   "REMOTE ADDALIAS ***",
		"remote addalias /a h 21 user pass /":   "REMOTE addalias ***",
		"REMOTE  ADDALIAS /a h 21 user pass /":  "REMOTE  ***",
		"REMOTE \"ADDALIAS\" /a h 21 user pass": "REMOTE \"ADDALIAS\" ***",
		"REMOTE ADALIAS /a h 21 user pass /":    "REMOTE ADALIAS ***",
		"REMOTE CHANGE /a PASS pass":            "REMOTE CHANGE ***",
		"REMOTE ADDMIRROR 1 40 /a":              "REMOTE ADDMIRROR 1 40 /a",
		"REMOTE MIRRORS":                        "REMOTE MIRRORS",
		"DIRMIRROR 1 /stuff":                    "DIRMIRROR 1 /stuff",
		"USER ADD ann --password x":             "USER ADD ***",
		"REMOT ADDALIAS /a h 21 user pass /":    "REMOT ***",
		"PSWD old new":                          "PSWD ***",
		"CHMOD 644 /a":                          "CHMOD 644 /a",
	} {
		if got := redact("SITE", arg); got != want {
			t.Errorf("%s: %q, want %q", arg, got, want)
		}
	}
}
