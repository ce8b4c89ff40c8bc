package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mirrortracker/internal/testbed"
	"mirrortracker/internal/ui"
)

// TestMain makes the test binary be the crawler where a story calls it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"crawler": main})
}

// stories are told in testdata. Beside testscript's own commands they have
//
//	ftp NAME DIR [refuse:PATH]... [hold:PATH]   serve a folder; $NAME is host:port
//	held NAME                                   wait until somebody lists what is held
//	release NAME                                let him go on
//	latin1 DIR                                  make a folder with awkward names in it
//	code N PROGRAM [ARG]...                     run a program that ends with this exit code
//	json FILE                                   check that a file is JSON
//
// TRACKER_DATABASE is not set, so that they use var/tracker.db.
func stories(t *testing.T, files []string, env ...string) {
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error {
			// The race detector would sleep for a second at the end of each program.
			e.Vars = append(e.Vars, "NO_COLOR=1", "GORACE=atexit_sleep_ms=0")
			e.Vars = append(e.Vars, env...)
			e.Values[serversKey{}] = servers{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ftp": serveFTP, "held": held, "release": release, "latin1": latin1, "code": code, "json": checkJSON,
			"address": address, "listening": listening,
		},
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

// The same on MariaDB, with the stories that leave most in the database.
func TestStoriesOnMariaDB(t *testing.T) {
	for _, name := range []string{"quickstart", "sites", "lease", "failed"} {
		t.Run(name, func(t *testing.T) {
			stories(t, []string{"testdata/" + name + ".txt"}, "TRACKER_DATABASE="+testbed.MariaDB(t))
		})
	}
}

// What cannot be written is told, and is a failure.
func TestOutputThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	errors, w := io.Pipe()
	code := make(chan ui.Exit, 1)
	go func() {
		env := &ui.Env{Stdout: full, Stderr: w, Getenv: func(string) string { return "" }}
		code <- Main(t.Context(), env, []string{"config", "init", "-"})
		w.Close()
	}()
	said, _ := io.ReadAll(errors)
	if got := <-code; got != ui.Failed || string(said) != "crawler: write output: write /dev/full: no space left on device\n" {
		t.Errorf("exit code %d, %q", got, said)
	}
}

func Example_help() {
	env := &ui.Env{Stdout: os.Stdout, Stderr: os.Stdout, Getenv: func(string) string { return "" }}
	fmt.Println(Main(context.Background(), env, []string{"site", "remove"}))
	// Output:
	// crawler: expected "<name>"
	// hint: crawler site remove --help
	// 2
}
