package process

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("PROCESS_TEST_CHILD") != "" {
		os.Stdout.WriteString(Name() + "\n")
		bufio.NewReader(os.Stdin).ReadByte()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestShort(t *testing.T) {
	if short := Short(Name()); !strings.HasPrefix(Name(), short) || !strings.HasSuffix(short, strconv.Itoa(os.Getpid())) {
		t.Errorf("%q is shown as %q", Name(), short)
	}
}

func TestGone(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "PROCESS_TEST_CHILD=1")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSpace(line)
	if Gone(name) {
		t.Errorf("%s is gone while it runs", name)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	if !Gone(name) {
		t.Errorf("%s is not gone after it was killed", name)
	}
}

func TestNotGone(t *testing.T) {
	self := Name()
	here, err := world()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		self,
		"",
		"elsewhere, process 1",
		strings.Replace(self, here, "another-boot/pid:[1]", 1),
	} {
		if Gone(name) {
			t.Errorf("%q is gone", name)
		}
	}
	// The same number, started at another time.
	if reborn := self[:len(self)-1] + "0)"; !Gone(reborn) {
		t.Errorf("%q is not gone", reborn)
	}
}
