package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"oms": main})
}

// TestScripts runs oms as people do, from testdata/script. Beside the commands
// of testscript there are: "serve [args]" starts "oms serve" on the folder data
// and points OMS_SERVER at it, "kill9" and "sigint" end it, and "eventually
// PATTERN command" runs a command again and again until it prints the pattern.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Values[served{}] = &served{}
			env.Defer(env.Values[served{}].(*served).kill)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve":  cmdServe,
			"kill9":  func(ts *testscript.TestScript, _ bool, _ []string) { ts.Value(served{}).(*served).kill() },
			"sigint": cmdStop,

			"eventually": cmdEventually,
		},
	})
}

// served is the service of a script, if it runs.
type served struct {
	cmd  *exec.Cmd
	done chan error
}

func (s *served) end(how os.Signal) error {
	if s.cmd == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(how)
	err := <-s.done
	s.cmd = nil
	return err
}

// kill ends it as a crash does; how it ends is no news.
func (s *served) kill() { _ = s.end(os.Kill) }

func cmdServe(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(served{}).(*served)
	all := append([]string{
		"serve", "--data", ts.MkAbs("data"), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--log-level", "error",
	}, args...)
	s.cmd = exec.CommandContext(context.Background(), filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "oms"), all...)
	s.cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	s.done = make(chan error, 1)
	ready := make(chan string, 1)
	go func() {
		url := ""
		for sc := bufio.NewScanner(out); sc.Scan(); {
			word, rest, _ := strings.Cut(sc.Text(), " ")
			switch word {
			case "api":
				url = strings.TrimSpace(rest)
			case "ready":
				ready <- url
			}
		}
		s.done <- s.cmd.Wait()
	}()
	select {
	case url := <-ready:
		ts.Setenv("OMS_SERVER", url)
	case err := <-s.done:
		s.cmd = nil
		ts.Fatalf("oms serve ended: %v", err)
	case <-time.After(time.Minute):
		ts.Fatalf("oms serve was not ready within a minute")
	}
}

func cmdEventually(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?s)" + args[0])
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if out := ts.ReadFile("stdout"); want.MatchString(out) {
			return
		} else if time.Now().After(deadline) {
			ts.Fatalf("%v did not print %s, but\n%s%s%v", args[1:], args[0], out, ts.ReadFile("stderr"), err)
		}
	}
}

func cmdStop(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Value(served{}).(*served).end(os.Interrupt))
}
