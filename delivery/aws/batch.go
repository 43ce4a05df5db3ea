package aws

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/outbound"
)

const (
	// perBatch is what all three services take in one request.
	perBatch = 10
	// extras is room beside a body for attributes and names.
	extras = 16 << 10
)

// service is one of the three.
type service interface {
	// judge says why a message can never be taken; the zero verdict when it can.
	judge(m *send.Message) send.Verdict
	// put sends one batch. It returns what failed of it by the place of the message
	// in the batch, or why all of it did.
	put(ctx context.Context, batch []*send.Message) (map[int]entryError, error)
}

// entryError is what a service says of one message.
type entryError struct{ code, message string }

// Sender hands messages to one queue, topic or bus.
type Sender struct {
	service   service
	transport *outbound.Transport
	timeout   time.Duration
	bytes     int
	total     int
	fifo      bool
	now       func() time.Time
}

// Limits are ten messages that fit into one request.
func (s *Sender) Limits() send.Limits {
	return send.Limits{Messages: perBatch, Bytes: s.bytes, Total: s.total - extras}
}

// Close gives back the endpoint's own connections.
func (s *Sender) Close() { s.transport.Close() }

// Send puts the messages into as few requests as they fit into. Where the
// destination keeps order, no request has two messages of one subject, and after
// one that failed the others of its subject are Unsent: none overtakes another.
func (s *Sender) Send(ctx context.Context, messages []send.Message) []send.Verdict {
	verdicts := make([]send.Verdict, len(messages))
	held := map[string]bool{}
	for next := 0; next < len(messages); {
		var batch []int
		batch, next = s.fill(messages, verdicts, held, next)
		if len(batch) == 0 {
			continue
		}
		s.request(ctx, messages, verdicts, batch)
		for _, i := range batch {
			if verdicts[i].Outcome != send.Delivered {
				held[messages[i].Subject] = true
			}
		}
	}
	return verdicts
}

// fill gathers the next batch from place next on, and gives verdicts on what
// cannot be sent. It returns where the batch after it begins.
func (s *Sender) fill(messages []send.Message, verdicts []send.Verdict, held map[string]bool, next int) (batch []int, after int) {
	size, subjects := 0, map[string]bool{}
	for ; next < len(messages) && len(batch) < perBatch; next++ {
		m := &messages[next]
		ordered := s.fifo && m.Subject != ""
		if ordered && held[m.Subject] {
			verdicts[next] = send.Verdict{Outcome: send.Unsent, Reason: "order_kept", Detail: "an earlier message of the same subject was not delivered"}
			continue
		}
		if v := s.judge(m); v.Reason != "" {
			verdicts[next] = v
			continue
		}
		if size += weight(m); size > s.total && len(batch) > 0 || ordered && subjects[m.Subject] {
			return batch, next
		}
		subjects[m.Subject] = true
		batch = append(batch, next)
	}
	return batch, next
}

func (s *Sender) judge(m *send.Message) send.Verdict {
	if len(m.Body) > s.bytes {
		return send.Verdict{Outcome: send.TooLarge, Reason: "too_large", Detail: "the message is larger than the destination takes"}
	}
	if m.ID == "" {
		return send.Verdict{Outcome: send.Refused, Reason: "no_id", Detail: "the message has no id"}
	}
	return s.service.judge(m)
}

// request sends one batch and gives verdicts on its messages.
func (s *Sender) request(ctx context.Context, messages []send.Message, verdicts []send.Verdict, batch []int) {
	canceled := send.Verdict{Outcome: send.Unsent, Reason: "canceled", Detail: "the attempt was given up on this side"}
	if ctx.Err() != nil {
		for _, i := range batch {
			verdicts[i] = canceled
		}
		return
	}
	started := s.now()
	failed, err := s.put(ctx, messages, batch)
	if err != nil && len(batch) > 1 && ofError(err, started).Reason == "batch_request_too_long" {
		for k := range batch {
			s.request(ctx, messages, verdicts, batch[k:k+1])
		}
		return
	}
	took := s.now().Sub(started)
	for place, i := range batch {
		v := send.Verdict{Outcome: send.Delivered, Status: http.StatusOK}
		switch e, is := failed[place]; {
		case err != nil && errors.Is(ctx.Err(), context.Canceled):
			v = canceled
		case err != nil:
			v = ofError(err, started)
		case is:
			v = ofCode(e.code, e.message)
		}
		v.Took = took
		verdicts[i] = v
	}
}

func (s *Sender) put(ctx context.Context, messages []send.Message, batch []int) (map[int]entryError, error) {
	ms := make([]*send.Message, len(batch))
	for place, i := range batch {
		ms[place] = &messages[i]
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return s.service.put(ctx, ms)
}

// weight is at least what a message takes of a request.
func weight(m *send.Message) int {
	beside := 256 + len(m.ID) + len(m.Type) + len(m.Subject) + len(m.Tenant) + len(m.ContentType)
	for _, h := range m.Headers {
		beside += len(h.Name) + len(h.Value) + 16
	}
	return len(m.Body) + min(beside, extras)
}

// place is the id of an entry: where it stands in its batch.
func place(i int) *string {
	s := strconv.Itoa(i)
	return &s
}

// misplaced is an answer that lacks an entry.
var misplaced = entryError{code: "NoAnswer", message: "the answer says nothing of the message"}

// settle makes the failures of a batch of n out of the entries that succeeded
// and those that failed. What is in neither failed.
func settle(n int, succeeded []*string, failed map[string]entryError) map[int]entryError {
	var all map[int]entryError
	for i := range n {
		id := strconv.Itoa(i)
		e, is := failed[id]
		if !is && slices.ContainsFunc(succeeded, func(s *string) bool { return s != nil && *s == id }) {
			continue
		}
		if !is {
			e = misplaced
		}
		if all == nil {
			all = map[int]entryError{}
		}
		all[i] = e
	}
	return all
}
