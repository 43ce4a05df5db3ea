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

// encode makes the message of the log: what it says of itself in headers, and
// the commits in its body.
func (p *partition[S]) encode(m *message[S]) (*nats.Msg, error) {
	group := &logv1.CommitGroup{Commits: make([]*logv1.Commit, 0, len(m.commits))}
	for _, it := range m.commits {
		group.Commits = append(group.Commits, it.commit)
	}
	data, err := proto.Marshal(group)
	if err != nil {
		return nil, fmt.Errorf("encode group: %w", err)
	}
	h := newHeaders()
	h.add(headerGroup, m.group)
	h.add(headerEvents, p.eventList(m))
	if len(group.Commits) == 1 {
		h.cloudEvent(p.def.Name, group.Commits[0])
	}
	return &nats.Msg{Subject: Subject(p.def.Name, m.token, p.id), Header: h.Header, Data: data}, nil
}

// eventList names every event of a message, with its count.
func (p *partition[S]) eventList(m *message[S]) string {
	if len(m.commits) == 1 && len(m.commits[0].events) == 1 {
		return m.token + "=1"
	}
	names := map[string]int{}
	for _, it := range m.commits {
		for _, e := range it.events {
			names[p.def.TokenOf(e)]++
		}
	}
	list := make([]string, 0, len(names))
	for n, c := range names {
		list = append(list, n+"="+strconv.Itoa(c))
	}
	sort.Strings(list)
	return strings.Join(list, ",")
}

// headers are those of a message. Their values share one allocation.
type headers struct {
	nats.Header
	values []string
}

// mostHeaders is how many headers a message has at most, those of its fence
// included.
const mostHeaders = 18

func newHeaders() headers {
	return headers{make(nats.Header, mostHeaders), make([]string, 0, mostHeaders)}
}

// add sets a header, unless it would be empty.
func (h *headers) add(key, value string) {
	if value == "" {
		return
	}
	n := len(h.values)
	h.values = append(h.values, value)
	h.Header[key] = h.values[n : n+1 : n+1]
}

// cloudEvent describes a message that holds a single commit.
func (h *headers) cloudEvent(log string, c *logv1.Commit) {
	h.add("ce-specversion", "1.0")
	h.add("ce-id", c.Id)
	h.add("ce-type", c.Events[0].Type)
	h.add("ce-source", "oms/"+log)
	h.add("ce-subject", c.Scope)
	h.add("ce-time", c.Time.AsTime().Format(time.RFC3339Nano))
	h.add("Oms-Tenant", c.Tenant)
	h.add("Oms-Correlation-Id", c.CorrelationId)
	h.add("Oms-Causation-Id", c.CausationId)
	h.add("Oms-Actor", c.Actor)
	h.add("Oms-Command-Key", c.CommandKey)
	h.add("traceparent", c.Traceparent)
}
