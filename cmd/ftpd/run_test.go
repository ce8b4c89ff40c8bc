package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	tests := []struct {
		args           string
		code           int
		stdout, stderr string // parts of
	}{
		{"", exitFailed, "", "ftpd: not available yet: the distributed FTP server comes with a later release; "},
		{"--help", exitOK, "Usage: ftpd", ""},
		{"--version", exitOK, "ftpd ", ""},
		{"--frobnicate", exitUsage, "", "ftpd: unknown flag --frobnicate"},
		{"serve /srv", exitUsage, "", "ftpd: unexpected argument serve"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := run(strings.Fields(tt.args), &stdout, &stderr)
			if code != tt.code || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
			if tt.stdout == "" && stdout.Len() > 0 || tt.stderr == "" && stderr.Len() > 0 {
				t.Errorf("unexpected output: stdout %q, stderr %q", &stdout, &stderr)
			}
		})
	}
}
