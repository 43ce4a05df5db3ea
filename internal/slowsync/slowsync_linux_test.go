package slowsync_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/orderstream/oms/internal/slowsync"
)

// The delay stays for the life of a process, so the test runs in one of its own.
func TestEveryFsyncTakesAtLeastTheDelay(t *testing.T) {
	const delay = 20 * time.Millisecond
	if os.Getenv("SLOWSYNC_CHILD") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "SLOWSYNC_CHILD=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := slowsync.Install(delay); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took < delay {
		t.Errorf("fsync took %v, want at least %v", took, delay)
	}
}
