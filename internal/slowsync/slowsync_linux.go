package slowsync

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The parts of linux/seccomp.h and linux/audit.h that package unix lacks.
const (
	ioctlReceive = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	ioctlSend    = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	flagContinue = 1          // SECCOMP_USER_NOTIF_FLAG_CONTINUE
	retAllow     = 0x7fff0000
	retNotify    = 0x7fc00000
)

type notification struct {
	id    uint64
	pid   uint32
	flags uint32
	data  [64]byte
}

type response struct {
	id    uint64
	val   int64
	err   int32
	flags uint32
}

var (
	installed sync.Mutex
	count     atomic.Int64
)

// Count is how many fsyncs were made since Install, those of child processes
// included.
func Count() int64 { return count.Load() }

// Install delays every fsync and fdatasync of this process, and of those that
// it starts, by d: the kernel asks a goroutine of ours before it carries one
// out, and that one counts and waits. It can be called once; a second call
// fails.
func Install(d time.Duration) error {
	if !installed.TryLock() {
		return errors.New("slowsync is installed already")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_FSYNC, Jt: 1},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_FDATASYNC, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: retNotify},
		{Code: unix.BPF_RET | unix.BPF_K, K: retAllow},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // five instructions
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog))) //nolint:gosec // the kernel wants a pointer
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	go listen(fd, d)
	return nil
}

func listen(fd uintptr, d time.Duration) {
	for {
		var n notification
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, ioctlReceive, uintptr(unsafe.Pointer(&n))) //nolint:gosec // the kernel wants a pointer
		if errno == unix.EINTR || errno == unix.ENOENT {
			continue
		}
		if errno != 0 {
			return
		}
		count.Add(1)
		answer := func() {
			r := response{id: n.id, flags: flagContinue}
			_, _, _ = unix.Syscall(unix.SYS_IOCTL, fd, ioctlSend, uintptr(unsafe.Pointer(&r))) //nolint:gosec // the kernel wants a pointer
		}
		if d == 0 {
			answer()
			continue
		}
		time.AfterFunc(d, answer)
	}
}
