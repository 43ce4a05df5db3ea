package webhook

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/outbound"
)

const (
	maxRetryAfter = 24 * time.Hour
	maxExcerpt    = 1 << 10
)

// verdict is the meaning of an answer by its status. What the receiver's code
// does not take today it may take after its next deploy: a 4xx is no refusal.
func verdict(r *http.Response, now func() time.Time) send.Verdict {
	v := send.Verdict{Status: r.StatusCode, Reason: "http_" + strconv.Itoa(r.StatusCode), Detail: fmt.Sprintf("the receiver answered %d", r.StatusCode)}
	switch status := r.StatusCode; {
	case status >= 200 && status < 300:
		v.Outcome, v.Reason, v.Detail = send.Delivered, "", ""
	case status >= 300 && status < 400:
		v.Detail += "; redirects are not followed"
	case status == http.StatusGone:
		v.Outcome = send.Gone
	case status == http.StatusRequestEntityTooLarge:
		v.Outcome = send.TooLarge
	case status == http.StatusTooManyRequests:
		v.Outcome = send.Throttled
		v.RetryAfter, _ = retryAfter(r.Header, now)
	case status == http.StatusServiceUnavailable:
		if after, asked := retryAfter(r.Header, now); asked {
			v.Outcome, v.RetryAfter = send.Throttled, after
		}
	}
	return v
}

// retryAfter reads the header of that name, in seconds or as a date. What has
// passed already is 0, and nobody is heeded for longer than a day.
func retryAfter(h http.Header, now func() time.Time) (after time.Duration, asked bool) {
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
	return min(max(at.Sub(now()), 0), maxRetryAfter), true
}

var buffers = sync.Pool{New: func() any { return new([outbound.MaxBody]byte) }}

// excerpt reads the answer, as far as it is read at all, so that the connection
// can carry the next message, and returns its beginning. What goes wrong
// meanwhile changes nothing: the status said what became of the message.
func excerpt(r *http.Response) []byte {
	if r.ContentLength == 0 || r.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	buf, _ := buffers.Get().(*[outbound.MaxBody]byte)
	defer buffers.Put(buf)
	n, _ := io.ReadFull(r.Body, buf[:])
	return text(buf[:n])
}

// text is at most maxExcerpt bytes of valid UTF-8, and shares nothing with b.
func text(b []byte) []byte {
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
