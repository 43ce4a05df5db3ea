package outbound

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxRetryAfter is how long anybody is heeded who asks to be left alone.
	maxRetryAfter = 24 * time.Hour
	maxExcerpt    = 1 << 10
)

// RetryAfter reads the header of that name, in seconds or as a date. What has
// passed already is 0, and nothing is longer than a day. It reports whether
// there is one that can be read.
func RetryAfter(h http.Header, now time.Time) (after time.Duration, asked bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}

// Excerpt is the beginning of an answer as people may read it: at most 1 KB of
// valid UTF-8, that shares nothing with b.
func Excerpt(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	t := bytes.ToValidUTF8(b[:min(len(b), maxExcerpt)], []byte("\uFFFD"))
	if len(t) > maxExcerpt {
		t = t[:maxExcerpt]
		for !utf8.Valid(t) {
			t = t[:len(t)-1]
		}
	}
	return bytes.Clone(t)
}
