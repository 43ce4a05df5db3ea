package jsstore

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// errFenced says that the partition has messages this writer has not seen.
var errFenced = errors.New("the partition moved on without this writer")

// deliver sends the message in flight and settles it. What has been queued
// meanwhile goes on in a goroutine of its own, so that the caller who happened
// to send is not kept.
func (p *partition[S]) deliver(m *message[S]) {
	seq, err := p.publish(m)
	p.mu.Lock()
	if err != nil {
		p.mu.Unlock()
		go p.reconcile(m, err)
		return
	}
	p.store(m, seq)
	next := p.next()
	p.mu.Unlock()
	if next != nil {
		go p.deliver(next)
	}
}

// publish appends the message in flight. Nobody changes position while it is.
func (p *partition[S]) publish(m *message[S]) (uint64, error) {
	if m.group == "" {
		p.groups++
		m.group = p.cfg.Writer + "-" + strconv.FormatUint(p.groups, 36)
	}
	started := p.cfg.Now()
	msg, err := p.encode(m)
	if err != nil {
		return 0, err
	}
	seq, err := p.wire.append(context.Background(), msg, PartitionFilter(p.def.Name, p.id), p.position)
	if err == nil && p.hooks.Stored != nil {
		p.hooks.Stored(p.def.Name, len(m.commits), len(msg.Data), p.cfg.Now().Sub(started))
	}
	return seq, err
}

func (p *partition[S]) encode(m *message[S]) (*nats.Msg, error) {
	group := &logv1.CommitGroup{Commits: make([]*logv1.Commit, 0, len(m.commits))}
	names := map[string]int{}
	for _, it := range m.commits {
		group.Commits = append(group.Commits, it.commit)
		for _, e := range it.events {
			names[p.def.TokenOf(e)]++
		}
	}
	data, err := proto.Marshal(group)
	if err != nil {
		return nil, fmt.Errorf("encode group: %w", err)
	}
	msg := nats.NewMsg(Subject(p.def.Name, m.token, p.id))
	msg.Data = data
	msg.Header = nats.Header{headerGroup: {m.group}, headerEvents: {eventList(names)}}
	if len(group.Commits) == 1 {
		cloudEvent(msg.Header, p.def.Name, group.Commits[0])
	}
	return msg, nil
}

func eventList(names map[string]int) string {
	list := make([]string, 0, len(names))
	for n, c := range names {
		list = append(list, n+"="+strconv.Itoa(c))
	}
	sort.Strings(list)
	return strings.Join(list, ",")
}

// cloudEvent describes a message that holds a single commit.
func cloudEvent(h nats.Header, log string, c *logv1.Commit) {
	h["ce-specversion"] = []string{"1.0"}
	h["ce-id"] = []string{c.Id}
	h["ce-type"] = []string{c.Events[0].Type}
	h["ce-source"] = []string{"oms/" + log}
	h["ce-subject"] = []string{c.Scope}
	h["ce-time"] = []string{c.Time.AsTime().Format(time.RFC3339Nano)}
	h["Oms-Tenant"] = []string{c.Tenant}
	h["Oms-Correlation-Id"] = []string{c.CorrelationId}
	if c.CausationId != "" {
		h["Oms-Causation-Id"] = []string{c.CausationId}
	}
	if c.Actor != "" {
		h["Oms-Actor"] = []string{c.Actor}
	}
	if c.CommandKey != "" {
		h["Oms-Command-Key"] = []string{c.CommandKey}
	}
	if c.Traceparent != "" {
		h["traceparent"] = []string{c.Traceparent}
	}
}

// wire is the stream as a partition needs it.
type wire struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	wait   time.Duration
}

// append publishes with the fence. errFenced is final; any other error leaves
// open whether the message was stored.
func (w wire) append(ctx context.Context, msg *nats.Msg, filter string, after uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, w.wait)
	defer cancel()
	pub, err := w.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequenceForSubject(after, filter))
	if err == nil {
		return pub.Sequence, nil
	}
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == codeWrongLastInFlight) {
		return 0, errFenced
	}
	return 0, err
}

// codeWrongLastInFlight: a replicated stream refuses while another append with
// the same filter is in flight.
const codeWrongLastInFlight jetstream.ErrorCode = 10164

// stored is a message of the partition as the stream has it.
type stored struct {
	seq   uint64
	group string
	at    time.Time
	body  *logv1.CommitGroup
}

// last returns the last message of a partition; ok is false when it has none.
func (w wire) last(ctx context.Context, filter string) (s stored, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.wait)
	defer cancel()
	raw, err := w.stream.GetLastMsgForSubject(ctx, filter)
	return w.read(raw, err)
}

// next returns the first message of a partition at seq or later.
func (w wire) next(ctx context.Context, filter string, seq uint64) (s stored, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.wait)
	defer cancel()
	raw, err := w.stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(filter))
	return w.read(raw, err)
}

func (w wire) read(raw *jetstream.RawStreamMsg, err error) (stored, bool, error) {
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return stored{}, false, nil
	}
	if err != nil {
		return stored{}, false, err
	}
	s := stored{seq: raw.Sequence, group: raw.Header.Get(headerGroup), at: raw.Time, body: &logv1.CommitGroup{}}
	if err := proto.Unmarshal(raw.Data, s.body); err != nil {
		return stored{}, false, fmt.Errorf("message %d: %w", raw.Sequence, err)
	}
	return s, true, nil
}
