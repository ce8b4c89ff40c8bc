package admin

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/control"
)

// site has users in a database of its own.
func site(t *testing.T) Site {
	s, err := account.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ftpd.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return Site{Users: s, Hasher: account.NewHasher(account.Cost{Time: 1, Memory: 8, Threads: 1}, 1)}
}

// Administrators say on a control connection what they say at a shell.
func TestManage(t *testing.T) {
	s := site(t)
	for _, tt := range []struct {
		line  string
		clear bool // not under TLS
		want  control.Outcome
		text  string // somewhere in the answer
	}{
		{"GROUP ADD staff --rule 'allow all ~/**'", true, control.Done, "added staff"},
		{"USER ADD ann --password 'correct horse' --home /home/ann --group staff", true, control.Misused, "under TLS alone"},
		{"USER ADD ann --password 'correct horse' --home /home/ann --group staff", false, control.Done, "added ann"},
		{"user add ann --password x", false, control.Failed, "there is a user ann already\nhint: SITE USER set ann ... changes it"},
		{"USER ADD bob", false, control.Misused, "--no-password"},
		{"USER ADD bob --no-password", true, control.Done, "added bob"},
		{"USER ADD bob --password", false, control.Misused, "--password"},
		{"USER LIST", true, control.Done, "ann\tactive\t/home/ann\tstaff\t0\t0\nanonymous\tactive\t\t\t0\t0\nbob\tno password"},
		{"USER LIST --json", true, control.Done, `"name": "ann"`},
		{"USER SHOW ann /home/ann/x", true, control.Done, "write\tyes\tgroup staff"},
		{"USER SHOW nobody", true, control.Failed, "hint: SITE USER list"},
		{"USER SET ann --up 5MiB --sessions 2", true, control.Done, "changed ann: up from none to 5MiB, sessions from none to 2"},
		{"USER SET ann --up 5MB", true, control.Misused, "is not a size"},
		{"USER PASSWORD bob secret", true, control.Misused, "under TLS alone"},
		{"USER PASSWORD bob secret", false, control.Done, "changed the password of bob"},
		{"USER PASSWORD bob ''", false, control.Failed, "password of user bob"},
		{"USER PASSWORD bob", false, control.Misused, "expected"},
		{"GROUP REMOVE staff", true, control.Failed, "SITE USER set NAME --group ''"},
		{"GROUP SHOW staff", true, control.Done, "members\tann"},
		{"USER REMOVE bob", true, control.Done, "removed bob"},
		{"USER", true, control.Misused, "hint: SITE USER --help"},
		{"USER ADD 'bob", true, control.Misused, "Quotes"},
		{"USER --help", true, control.Done, "password"},
		{"USER ADD --help", true, control.Done, "SITE USER add ann --password"},
		{"GROUP SET --help", true, control.Done, "SITE GROUP set staff"},
	} {
		outcome, lines := s.Manage(t.Context(), tt.line, !tt.clear)
		text := strings.Join(lines, "\n")
		if outcome != tt.want || !strings.Contains(text, tt.text) {
			t.Errorf("%s: outcome %d, want %d with %q:\n%s", tt.line, outcome, tt.want, tt.text, text)
		}
		if strings.Contains(text, "ftpd") || strings.Contains(text, "argon2") || strings.Contains(text, "correct horse'\n") {
			t.Errorf("%s: says\n%s", tt.line, text)
		}
	}
}

func TestChangePassword(t *testing.T) {
	s := site(t)
	if outcome, lines := s.Manage(t.Context(), "USER ADD ann --password old", true); outcome != control.Done {
		t.Fatal(lines)
	}
	for _, tt := range []struct {
		line string
		want error
	}{
		{"old", control.ErrSyntax},
		{"'old new", control.ErrSyntax},
		{"wrong new", control.ErrLogin},
		{"old ''", nil},
	} {
		err := s.ChangePassword(t.Context(), "ann", tt.line)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.line, err)
		}
	}
	if err := s.ChangePassword(t.Context(), "ann", `old 'correct "horse"'`); err != nil {
		t.Fatal(err)
	}
	u, err := s.Users.User(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	if right, err := s.Hasher.Verify(t.Context(), u.Password, `correct "horse"`); !right || err != nil {
		t.Errorf("the new password is not right: %v", err)
	}
	if s.ChangePassword(t.Context(), "anonymous", "a b") == nil {
		t.Error("the anonymous user has a password")
	}
}
