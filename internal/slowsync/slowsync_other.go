//go:build !linux

package slowsync

import (
	"errors"
	"time"
)

// Install is only there on Linux; elsewhere it fails.
func Install(time.Duration) error {
	return errors.New("slowing fsync down needs Linux")
}

// Count is only there on Linux; elsewhere it is 0.
func Count() int64 { return 0 }
