package integration

import (
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// Does a crawl live through a database that is gone for some seconds?
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	dir := testbed.Dir(t)
	testbed.BigTree(t, dir, 400, 2)
	addr := serve(t, "vsftpd", testbed.FTPConfig{Root: dir})
	for name, away := range map[string]func(t *testing.T, db *testbed.MariaDBServer){
		"killed": func(t *testing.T, db *testbed.MariaDBServer) {
			db.Kill()
			time.Sleep(awayFor)
			if err := db.Start(); err != nil {
				t.Error(err)
			}
		},
		"paused": func(t *testing.T, db *testbed.MariaDBServer) {
			if err := db.Pause(); err != nil {
				t.Error(err)
			}
			time.Sleep(awayFor)
			if err := db.Resume(); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := testbed.StartMariaDB(t)
			server := countListings(t, addr, slowly)
			k, home := &tracker{program: crawler, database: db.Database(t), settings: []string{"TRACKER_CRAWL_SAVE_EVERY=1s"}}, t.TempDir()
			k.sites = []string{"site=" + server.addr}
			done := make(chan struct{})
			var sites map[string]*crawled
			var err error
			go func() {
				defer close(done)
				_, sites, err = k.crawl(t.Context(), home)
			}()
			for server.count.Load() < 100 {
				select {
				case <-done:
					t.Fatal("the crawl is over before it was disturbed: ", err)
				case <-time.After(10 * time.Millisecond):
				}
			}
			away(t, db)
			select {
			case <-done:
				t.Error("the crawl is over before the database is back: ", sites["site"], err)
			default:
			}
			<-done
			if err != nil || sites["site"].Outcome != "complete" || sites["site"].Directories != 400 {
				t.Errorf("%+v, %v", sites["site"], err)
			}
		})
	}
}

// awayFor is how long the database is gone: longer than several saves take to come.
const awayFor = 3 * time.Second
