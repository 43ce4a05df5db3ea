package projections

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// fileName is the name of a generation: what it is, and whether it is whole.
type fileName struct {
	view     string
	version  uint32
	n        int // counts the generations of a view, over all versions
	building bool
}

const (
	suffixWhole    = ".view"
	suffixBuilding = ".building"
	suffixBroken   = ".broken"
)

func (f fileName) String() string {
	suffix := suffixWhole
	if f.building {
		suffix = suffixBuilding
	}
	return fmt.Sprintf("%s-v%d-%d%s", f.view, f.version, f.n, suffix)
}

func (f fileName) in(dir string) string { return filepath.Join(dir, f.String()) }

// parseFileName reads a name back; ok is false for every other file.
func parseFileName(s string) (f fileName, ok bool) {
	base, whole := strings.CutSuffix(s, suffixWhole)
	if !whole {
		if base, f.building = strings.CutSuffix(s, suffixBuilding); !f.building {
			return f, false
		}
	}
	i := strings.LastIndex(base, "-v")
	if i < 0 {
		return f, false
	}
	version, n, _ := strings.Cut(base[i+2:], "-")
	v, err1 := strconv.ParseUint(version, 10, 32)
	k, err2 := strconv.Atoi(n)
	f.view, f.version, f.n = base[:i], uint32(v), k
	return f, err1 == nil && err2 == nil && f.String() == s
}

// files are the generations of a view on disk, newest first.
type files []fileName

func listFiles(dir, view string) (files, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	var all files
	for _, e := range entries {
		if f, ok := parseFileName(e.Name()); ok && f.view == view {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b fileName) int { return b.n - a.n })
	return all, nil
}

// next is the number of the next generation.
func (fs files) next() int {
	n := 1
	for _, f := range fs {
		n = max(n, f.n+1)
	}
	return n
}

// whole returns the newest whole file of a version below a number; nil when
// there is none.
func (fs files) whole(version uint32, below int) *fileName {
	for _, f := range fs {
		if !f.building && f.version == version && f.n < below {
			return &f
		}
	}
	return nil
}

// unfinished returns the newest file of a version that a crash left behind.
func (fs files) unfinished(version uint32) *fileName {
	for _, f := range fs {
		if f.building && f.version == version {
			return &f
		}
	}
	return nil
}

// leftovers are the files that nobody needs any more: all but the live one,
// one whole file beside it, whatever its version, to go back to, and the one
// that is being built.
func (fs files) leftovers(live *fileName, version uint32) (out files) {
	building := fs.unfinished(version)
	spare := 1
	for _, f := range fs {
		switch {
		case live != nil && f == *live, building != nil && f == *building:
		case !f.building && spare > 0:
			spare--
		default:
			out = append(out, f)
		}
	}
	return out
}

// remove deletes files. What is gone already is as good.
func (fs files) remove(dir string) error {
	var errs []error
	for _, f := range fs {
		if err := os.Remove(f.in(dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove view: %w", err))
		}
	}
	return errors.Join(errs...)
}

// setAside keeps a file that cannot be used, out of the way.
func setAside(dir string, f fileName) error {
	if err := os.Rename(f.in(dir), f.in(dir)+suffixBroken); err != nil {
		return fmt.Errorf("set view aside: %w", err)
	}
	return nil
}
