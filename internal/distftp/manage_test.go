package distftp_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/admin"
)

// A journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Administrators manage users by SITE commands, users change their own passwords, and no
// password shows in the log.
func TestManagementOfUsers(t *testing.T) {
	hasher := account.NewHasher(account.Cost{Time: 1, Memory: 8, Threads: 1}, 2)
	users, err := account.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "users.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { users.Close() })
	manager := admin.Site{Users: users, Hasher: hasher}
	if _, lines := manager.Manage(t.Context(), "USER ADD root --password boss1 --rule 'allow all,admin /**'", true); lines[0] != "added root" {
		t.Fatal(lines)
	}
	p := newProtected(t)
	log := &journal{}
	addr := serve(t, distftp.Config{
		FS:            openFolder(t, t.TempDir()),
		TLS:           p.tls(),
		Authenticator: distftp.Users{Desk: account.NewDesk(users, hasher, time.Now)},
		Manager:       manager,
		FailureDelay:  time.Millisecond,
		Logger:        slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	as := func(user, password string, secure bool) *client {
		c := dial(t, addr)
		if secure {
			c.secure(p.client())
		}
		c.do("USER "+user, "331")
		c.do("PASS "+password, "230")
		return c
	}

	root := as("root", "boss1", true)
	root.do("SITE USER ADD ann --password 'battery1 staple'", "200 added ann\r\n")
	root.do("site user add ann --password battery2", "550-there is a user ann already\r\n550 hint: SITE USER set ann ... changes it\r\n")
	root.do("SITE USER FROB ann", "501-")
	if got := root.do("SITE USER LIST", "200-SITE USER LIST\r\n"); !strings.Contains(got, "\r\n ann\tactive\t\t\t0\t0\r\n") {
		t.Errorf("SITE USER LIST: %q", got)
	}
	root.do("SITE HELP USER ADD", "200-SITE USER ADD\r\n")
	root.do("HELP SITE", "214-")
	root.do("SITE HELP CHMOD", "214 Syntax: SITE CHMOD mode path")
	root.do("SITE GROUP ADD staff --sessions 2", "200 added staff")

	plain := as("root", "boss1", false)
	plain.do("SITE USER PASSWORD ann battery3", "501 a password is taken under TLS alone")
	plain.do("SITE USER SET ann --group staff", "200 changed ann: group from none to staff")
	plain.do("SITE PSWD boss1 boss2", "522")

	ann := as("ann", "battery1 staple", true)
	ann.do("SITE USER LIST", "550 Permission denied")
	ann.do("SITE HELP GROUP", "550 Permission denied")
	ann.do("SITE PSWD 'battery1 staple'", "501")
	ann.do("SITE PSWD 'battery1 staple' ''", "550 Password not changed: the password is empty")
	ann.do("SITE PSWD 'battery1 staple' battery4", "200")
	ann.do("SITE  PSWD battery6 x", "500")
	ann.do("SITE PSWD battery5 x", "550 The old password is wrong")
	ann.do("SITE PSWD battery5 x", "550")
	ann.do("SITE PSWD battery5 x", "421")
	as("ann", "battery4", true).do("PWD", "257")

	if strings.Contains(log.String(), "battery") || strings.Contains(log.String(), "boss") {
		t.Errorf("passwords in the log:\n%s", log)
	}
	login(t, serveSite(t)).do("SITE PSWD a b", "502")
}
