package abroad

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// The example of the page that says what remote mirrors are, step by step, with clients
// and servers of others: those as they are by themselves, and such as let others than
// their clients have the data.
func TestExample(t *testing.T) {
	for _, kind := range []string{"vsftpd", "proftpd", "pure-ftpd"} {
		for _, loose := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", kind, loose), func(t *testing.T) {
				t.Parallel()
				newExample(t, kind, loose).play()
			})
		}
	}
}

// An example is a world with the directory /stuff/games, and two foreign servers.
type example struct {
	*testing.T
	*world
	loose bool
	away  map[string]string // hosts of foreign servers, by alias
}

const (
	dir      = "/stuff/games"
	path     = dir + "/file"
	gameSize = 50_000
)

func newExample(t *testing.T, kind string, loose bool) *example {
	e := &example{T: t, world: newWorld(t, alone), loose: loose, away: map[string]string{}}
	e.do(t, 257, "MKD /stuff")
	e.store(t, dir, "file", version(local, gameSize))
	for of, alias := range map[server]string{first: "/remote_site_3", second: "/remote_site_4"} {
		root := testbed.Dir(t)
		name := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, version(of, gameSize), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			t.Fatal(err)
		}
		host := e.host(t, fmt.Sprint("88.1.1.", of), fmt.Sprint("2a00:88::", of))
		testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, Host: host, Foreign: loose})
		e.away[alias] = host.IPv4.String()
	}
	return e
}

// play goes through the steps.
func (e *example) play() {
	person := e.guest(e.T)
	site := func(command string) {
		e.Helper()
		e.run(person, "curl", "--silent", "--show-error", "--user", user+":"+password, "--quote", command, "--list-only", "ftp://"+e.cluster.Masters[0].FTP()+"/")
	}
	site("SITE REMOTE ADDALIAS /remote_site_3 " + e.away["/remote_site_3"] + " 21 anonymous nobody /")
	site("SITE REMOTE ADDMIRROR 1 60 LOCAL")
	site("SITE REMOTE ADDMIRROR 1 40 /remote_site_3")
	site("SITE DIRMIRROR 1 " + dir)
	e.clients()
	e.share(map[server]float64{local: 0.6, first: 0.4})

	site("SITE REMOTE ADDALIAS /remote_site_4 " + e.away["/remote_site_4"] + " 21 anonymous nobody /")
	site("SITE REMOTE ADDMIRROR 0 15 /remote_site_3")
	site("SITE REMOTE ADDMIRROR 2 45 /remote_site_4")
	site("SITE DIRMIRROR 2 " + dir)
	e.clients()
	e.share(map[server]float64{first: 0.25, second: 0.75})

	site("SITE DIRMIRROR 0 " + dir)
	e.share(map[server]float64{local: 1})
}

// clients lets clients of others fetch the file.
func (e *example) clients() {
	addr := e.cluster.Masters[0].FTP()
	url := "ftp://" + addr + path
	for name, args := range map[string][]string{
		"curl, EPSV": {"curl", "--silent", "--show-error", "--output", "file", url},
		"curl, PASV": {"curl", "--silent", "--show-error", "--disable-epsv", "--no-ftp-skip-pasv-ip", "--retry", "2", "--retry-all-errors", "--output", "file", url},
		"curl, PORT": {"curl", "--silent", "--show-error", "--ftp-port", "-", "--output", "file", url},
		"wget":       {"wget", "--quiet", "--tries", "3", "--output-document", "file", url},
		"lftp":       {"lftp", "--norc", "-c", "set net:reconnect-interval-base 1; set xfer:clobber yes; open ftp://" + addr + "/; get " + path + " -o file"},
		"axel":       {"axel", "--quiet", "--num-connections", "1", "--output", "file", url},
	} {
		host := e.guest(e.T)
		for range 2 {
			where := e.run(host, args[0], args[1:]...)
			got, err := os.ReadFile(filepath.Join(where, "file"))
			if all, wrong := parts(got); err != nil || wrong != nil || len(all) != 1 || len(got) != gameSize {
				e.Errorf("%s: the client has %v, %v, %v", name, all, err, wrong)
			}
		}
	}
}

// run runs a program at a host in a folder of its own, which must end well and soon.
func (e *example) run(host *testbed.Host, program string, args ...string) (folder string) {
	e.Helper()
	testbed.Need(e.T, program)
	cmd := exec.Command(program, args...)
	cmd.Dir = e.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+cmd.Dir)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	begun := time.Now()
	err := host.Do(cmd.Start)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		e.Errorf("%q: %v: %s", cmd.Args, err, said.Bytes())
	}
	if took := time.Since(begun); took > 20*time.Second { // one 425, and a second attempt
		e.Errorf("%q takes %v", cmd.Args, took)
	}
	return cmd.Dir
}

// share fetches the file so often that it shows what share of the downloads each server
// has, by Pearson's chi-squared test. As the draw cannot be seeded from outside, the bound is
// one that a right one misses once in a million.
func (e *example) share(want map[server]float64) {
	e.Helper()
	c := e.client(e.T, "anonymous", "x")
	counts := map[server]int{}
	for range draws {
		got, err := c.Fetch("RETR " + path)
		all, wrong := parts(got)
		if err != nil || wrong != nil || len(all) != 1 || len(got) != gameSize {
			e.Fatalf("a download ends with %v: %v, %v", err, all, wrong)
		}
		counts[all[0].from]++
	}
	var chi float64
	for of, share := range want {
		expected := share * draws
		chi += math.Pow(float64(counts[of])-expected, 2) / expected
	}
	for of := range counts {
		if want[of] == 0 {
			e.Errorf("%d of %d came from %d", counts[of], draws, of)
		}
	}
	p := math.Erfc(math.Sqrt(chi / 2)) // with one degree of freedom, as there are two servers at most
	e.Logf("of %d downloads: %v, chi-squared %.3f, p %.4f", draws, counts, chi, p)
	if p < 1e-6 {
		e.Errorf("of %d downloads: %v, want shares %v: p is %g", draws, counts, want, p)
	}
}
