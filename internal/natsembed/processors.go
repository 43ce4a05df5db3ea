package natsembed

import (
	"os"
	"runtime"
)

// whileFlushing is how many threads wait for the disk at once when there is much
// to do: those of the logs' streams, and those of state files and views.
const whileFlushing = 2

// LeaveRoomForDisk lets the scheduler use two more processors than there are. A
// thread that flushes a file keeps its processor for up to ten milliseconds
// before it is given to another one: with two of them, and a flush every
// millisecond, half of the machine would wait. A GOMAXPROCS of the environment
// stays.
func LeaveRoomForDisk() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + whileFlushing)
	}
}
