package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mirrortracker/internal/testbed"
)

// TestMain makes the test binary be ftpd where a story calls it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ftpd": main})
}

// stories are told in testdata. Beside testscript's own commands they have
//
//	code N PROGRAM [ARG]...   run a program that ends with this exit code
//	json FILE                 check that a file is JSON
//
// FTPD_DATABASE is not set, so that they use var/ftpd.db.
func stories(t *testing.T, files []string, env ...string) {
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error {
			// The race detector would sleep for a second at the end of each program.
			e.Vars = append(e.Vars, "NO_COLOR=1", "GORACE=atexit_sleep_ms=0")
			e.Vars = append(e.Vars, env...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "json": checkJSON},
	})
}

func TestStories(t *testing.T) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range files {
		all = append(all, "testdata/"+f.Name())
	}
	stories(t, all)
}

// The same on MariaDB, but for what is about files.
func TestStoriesOnMariaDB(t *testing.T) {
	stories(t, []string{"testdata/groups.txt", "testdata/mirrors.txt"}, "FTPD_DATABASE="+testbed.MariaDB(t))
}

// code runs a program whose exit code is what matters; its output goes where the
// story can look at it with stdout and stderr.
func code(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	text := ts.ReadFile(args[0])
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("%v in:\n%s", err, text)
	}
}
