package distftp_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/distftp/mirroradmin"
	"mirrortracker/internal/distftp/mirrors"
)

// Administrators manage mirrors by SITE commands, with the example of Dftpd's manual; nobody
// else does, and no password shows in the log.
func TestManagementOfMirrors(t *testing.T) {
	dir := t.TempDir()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "ftpd.db"), database.FTPServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, err := mirrors.Open(t.Context(), mirrors.Config{DB: db, Key: mirrors.OpenKey(filepath.Join(dir, "key"))})
	if err != nil {
		t.Fatal(err)
	}
	hasher := account.NewHasher(account.Cost{Time: 1, Memory: 8, Threads: 1}, 2)
	users := account.On(db)
	manager := admin.Site{Users: users, Hasher: hasher}
	if _, lines := manager.Manage(t.Context(), "USER ADD root --password boss1 --rule 'allow all,admin /**'", true); lines[0] != "added root" {
		t.Fatal(lines)
	}
	log := &journal{}
	addr := serve(t, distftp.Config{
		FS:            openFolder(t, t.TempDir()),
		Authenticator: distftp.Users{Desk: account.NewDesk(users, hasher, time.Now)},
		Mirrors:       mirroradmin.Site{Store: store, State: func() mirrors.State { return mirrors.State{} }},
		Logger:        slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	c := dial(t, addr)
	c.do("USER root", "331")
	c.do("PASS boss1", "230")
	c.do("SITE REMOTE ADDALIAS /remote_site_3 ftp.example.org 21 user s3same /", "200 /remote_site_3 is user at ftp.example.org:21/\r\n")
	c.do("SITE REMOTE ADDALIA /remote_site_3 ftp.example.org 21 user s3same /", "501-")
	c.do("SITE REMOTE CHANGE /remote_site_3 PASS s3same2", "200 changed pass of /remote_site_3\r\n")
	c.do("SITE REMOTE ADDMIRROR 1 60 LOCAL", "200 MirrorID 1: LOCAL has weight 60")
	c.do("SITE REMOTE ADDMIRROR 1 40 remote_site_3", "200 MirrorID 1: /remote_site_3 has weight 40, 40.0% of downloads\r\n")
	c.do("SITE DIRMIRROR 1 /stuff/games", "200 /stuff/games: MirrorID = 1\r\n")
	c.do("SITE DIRMIRROR /stuff/games", "200 /stuff/games: MirrorID = 1\r\n")
	c.do("SITE DIRMIRROR /stuff", "200 /stuff: MirrorID = 0\r\n")
	c.do("SITE REMOTE DELALIAS /remote_site_3", "550-")
	for _, question := range []string{"SITE REMOTE MIRRORS", "SITE REMOTE ALIASES"} {
		c.do(question, "200-"+question)
	}
	c.do("SITE REMOTE ALIAS /remote_site_3", "200-SITE REMOTE ALIAS\r\n")
	c.do("SITE REMOTE CONNECTIONS", "200 AT  ALIAS")
	c.do("SITE HELP REMOTE", "200-SITE REMOTE HELP\r\n")
	c.do("SITE REMOTE HELP", "200-SITE REMOTE HELP\r\n")
	c.do("SITE HELP REMOTE ADDALIAS", "200-SITE REMOTE HELP\r\n")
	c.do("SITE HELP DIRMIRROR", "214 Syntax: SITE DIRMIRROR [MirrorID | AUTO] directory [URL]\r\n")
	c.do("SITE REMOTE", "501 ")
	if strings.Contains(log.String(), "s3same") {
		t.Errorf("passwords in the log:\n%s", log)
	}
	anybody := login(t, addr)
	anybody.do("SITE REMOTE ALIASES", "550 Permission denied")
	anybody.do("SITE DIRMIRROR 0 /stuff/games", "550 Permission denied")
	anybody.do("SITE HELP REMOTE", "550 Permission denied")
	login(t, serveSite(t)).do("SITE REMOTE ALIASES", "550 Permission denied")
}
