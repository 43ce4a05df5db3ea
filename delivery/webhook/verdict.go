package webhook

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/outbound"
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
		v.RetryAfter, _ = outbound.RetryAfter(r.Header, now())
	case status == http.StatusServiceUnavailable:
		if after, asked := outbound.RetryAfter(r.Header, now()); asked {
			v.Outcome, v.RetryAfter = send.Throttled, after
		}
	}
	return v
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
	return outbound.Excerpt(buf[:n])
}
