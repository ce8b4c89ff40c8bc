package main

import (
	"strings"
	"testing"

	"mirrortracker/internal/ui"
)

func TestRun(t *testing.T) {
	tests := []struct {
		args           string
		code           ui.Exit
		stdout, stderr string // parts of
	}{
		{"", ui.Failed, "", "ftpd: not available yet: the distributed FTP server comes with a later release; "},
		{"--help", ui.Done, "Usage: ftpd", ""},
		{"--version", ui.Done, "ftpd ", ""},
		{"--frobnicate", ui.Wrong, "", "ftpd: unknown flag --frobnicate"},
		{"serve /srv", ui.Wrong, "", "ftpd: unexpected argument serve"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr strings.Builder
			env := &ui.Env{Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }}
			code := Main(t.Context(), env, strings.Fields(tt.args))
			if code != tt.code || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
			if tt.stdout == "" && stdout.Len() > 0 || tt.stderr == "" && stderr.Len() > 0 {
				t.Errorf("unexpected output: stdout %q, stderr %q", &stdout, &stderr)
			}
		})
	}
}
