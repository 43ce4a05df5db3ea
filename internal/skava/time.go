package skava

import "time"

// secondsBelow separates the two readings of a time: as milliseconds it is in
// 1973, as seconds in the year 5138.
const secondsBelow = 100_000_000_000

// Millis is a time as the payloads write it, in milliseconds since 1970. The
// zero time is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time reads a time of a payload. Some senders write seconds; what cannot be
// milliseconds of this half century is read as seconds.
func Time(n int64) time.Time {
	switch {
	case n == 0:
		return time.Time{}
	case n > -secondsBelow && n < secondsBelow:
		return time.Unix(n, 0).UTC()
	}
	return time.UnixMilli(n).UTC()
}
