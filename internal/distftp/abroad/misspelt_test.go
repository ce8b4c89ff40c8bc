package abroad

import (
	"testing"

	"mirrortracker/internal/testbed"
)

// A directory that is to be mirrored must be there: its name may be misspelt.
func TestMisspelt(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[kind]testbed.ClusterConfig{alone: {Folder: testbed.Dir(t)}, slaves: {Slaves: 1}} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			cfg.User, cfg.Password = user, password
			admin, err := testbed.DialFTP(nil, testbed.StartCluster(t, cfg).Masters[0].FTP(), user, password)
			if err != nil {
				t.Fatal(err)
			}
			defer admin.Close()
			if err := admin.Store("STOR /file", nil); err != nil {
				t.Fatal(err)
			}
			for _, step := range []struct {
				code    int
				command string
			}{
				{200, "SITE REMOTE ADDMIRROR 1 1 LOCAL"},
				{550, "SITE DIRMIRROR 1 /games"},
				{550, "SITE DIRMIRROR AUTO /games ftp://ftp.example.org/games/"},
				{550, "SITE DIRMIRROR 1 /file"},
				{257, "MKD /games"},
				{200, "SITE DIRMIRROR 1 /games"},
				{250, "RMD /games"},
				{200, "SITE DIRMIRROR 0 /games"},
				{200, "SITE DIRMIRROR 1 /"},
			} {
				if _, err := admin.Do(step.code, "%s", step.command); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
