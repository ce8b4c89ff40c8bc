package distftp_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jlaffaye/ftp"

	"mirrortracker/internal/testbed"
)

func TestCurlUploads(t *testing.T) {
	dir, local := t.TempDir(), awkwardSite(t)
	base := "ftp://" + serveWritable(t, dir) + "/"
	for i, mode := range [][]string{{"--disable-epsv"}, {"-P", "-"}} {
		args := append([]string{"-sS", "--max-time", "60", "--ftp-create-dirs"}, mode...)
		for _, name := range awkward[:len(awkward)-i*15] {
			args = append(args, "-T", filepath.Join(local, "files", name),
				base+fmt.Sprintf("mode%d/sub/", i)+strings.ReplaceAll(url.QueryEscape(name), "+", "%20"))
		}
		// "[x]" and "{" mean several files to curl unless it is told otherwise.
		run(t, "curl", append([]string{"-g"}, args...)...)
		for _, name := range awkward[:len(awkward)-i*15] {
			sameFile(t, filepath.Join(local, "files", name), filepath.Join(dir, fmt.Sprintf("mode%d/sub", i), name))
		}
	}

	whole := filepath.Join(local, "files", "100%")
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	plant(t, dir, map[string]string{"part": string(content[:777]), "log": "first\n"})
	run(t, "curl", "-sS", "-C", "-", "-T", whole, base+"part") // asks SIZE, sends APPE
	sameFile(t, whole, filepath.Join(dir, "part"))
	run(t, "curl", "-sS", "-C", "-", "-T", whole, base+"fresh")
	sameFile(t, whole, filepath.Join(dir, "fresh"))

	more := filepath.Join(plant(t, t.TempDir(), map[string]string{"more": "second\n"}), "more")
	run(t, "curl", "-sS", "--append", "-T", more, base+"log")
	run(t, "curl", "-sS", "--use-ascii", "-T", more, base+"text")
	for name, want := range map[string]string{"log": "first\nsecond\n", "text": "second\n"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}

	run(t, "curl", "-sS", base, "-Q", "RNFR part", "-Q", "RNTO moved", "-Q", "DELE log", "-Q", "MKD made",
		"-Q", "SITE CHMOD 600 moved", "-Q", "MFMT 20200229010203 moved")
	sameFile(t, whole, filepath.Join(dir, "moved"))
	if info, err := os.Stat(filepath.Join(dir, "moved")); err != nil || info.Mode() != 0o600 || info.ModTime().UTC().Format("20060102150405") != "20200229010203" {
		t.Errorf("moved: %v, %v, %v", info.Mode(), info.ModTime(), err)
	}
}

func TestLftpUploads(t *testing.T) {
	dir, local := t.TempDir(), awkwardSite(t)
	if err := os.Symlink("plain", filepath.Join(local, "files", "to plain")); err != nil {
		t.Fatal(err)
	}
	addr := serveWritable(t, dir)
	const settings = "set net:max-retries 2; set net:timeout 20; set dns:order inet; set ftp:charset ISO-8859-1; " +
		"set file:charset ISO-8859-1; set ftp:use-utf8 no; set ftp:ssl-allow no; set cmd:fail-exit yes; "
	lftp := func(commands string) {
		t.Helper()
		run(t, "lftp", "--norc", "-c", settings+"open ftp://"+addr+"; "+commands)
	}
	lftp("mirror -R " + local + " /up")
	sameTree(t, local, filepath.Join(dir, "up"))
	if target, err := os.Readlink(filepath.Join(dir, "up/files/to plain")); target != "plain" || err != nil {
		t.Errorf("link to %q, %v", target, err)
	}
	plant(t, dir, map[string]string{"up/dirs/surplus/file": "x", "up/dirs/other": "y"})
	lftp("mirror -R --delete " + filepath.Join(local, "dirs") + " /up/dirs")
	sameTree(t, local, filepath.Join(dir, "up"))

	whole := filepath.Join(local, "files", "%41")
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	plant(t, dir, map[string]string{"part": string(content[:777])})
	lftp("put -c " + whole + " -o part") // sends REST, STOR
	sameFile(t, whole, filepath.Join(dir, "part"))
	lftp("mv part moved; mkdir -p a/b; chmod 600 moved; ln -s moved a-link; rm -r up; rmdir a/b; put " + whole + " -o last")
	sameFile(t, whole, filepath.Join(dir, "a-link"))
	sameFile(t, filepath.Join(dir, "moved"), filepath.Join(dir, "last"))
	if got := strings.Join(everything(t, dir), " "); got != "a a-link last moved" {
		t.Errorf("folder holds %s", got)
	}
}

func TestJlaffayeUploads(t *testing.T) {
	dir := t.TempDir()
	conn, err := ftp.Dial(serveWritable(t, dir), ftp.DialWithTimeout(patience))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Quit()
	check := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("Login", conn.Login("anonymous", "anonymous"))
	for _, name := range awkward {
		check(name, conn.Stor(name, strings.NewReader(name)))
		check(name, conn.StorFrom(name, strings.NewReader("more"), uint64(len(name))))
		check(name, conn.Append(name, strings.NewReader("most")))
		if got := content(t, dir, name); got != name+"moremost" {
			t.Errorf("%q: %q", name, got)
		}
		check(name, conn.Rename(name, "moved"))
		check(name, conn.Delete("moved"))
		check(name, conn.MakeDir(name))
		check(name, conn.RemoveDir(name))
	}
	if got := everything(t, dir); len(got) > 0 {
		t.Errorf("folder holds %q", got)
	}
}

// A client that is killed in the midst of an upload has not finished it, though its
// data connection ends as if it had.
func TestClientKilled(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"file": "old"})
	big := filepath.Join(plant(t, t.TempDir(), map[string]string{"big": strings.Repeat("x", 3<<20)}), "big")
	ended := make(chan struct{})
	addr := serveUntil(t, dir, ended)
	cmd := exec.CommandContext(t.Context(), testbed.Need(t, "curl"), "-sS", "--limit-rate", "1M", "--disable-epsv", "-T", big, "ftp://ann:x@"+addr+"/file")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for len(everything(t, dir)) < 2 { // until the upload has begun
		if t.Context().Err() != nil {
			t.Fatal("no upload")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	<-ended
	if got := everything(t, dir); len(got) != 1 || content(t, dir, "file") != "old" {
		t.Errorf("folder holds %q, file %d bytes", got, len(content(t, dir, "file")))
	}
}
