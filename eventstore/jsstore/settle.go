package jsstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/orderstream/oms/eventstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/internal/fault"
)

// store makes a message durable in memory and answers everyone in it.
func (p *partition[S]) store(m *message[S], seq uint64) {
	p.inflight = nil
	p.settled.Broadcast()
	p.position, p.group = seq, m.group
	seen := make([]Committed[S], 0, len(m.commits))
	for i, it := range m.commits {
		it.outcome.result.Position = seq
		p.fold(it, seq)
		if p.watch != nil {
			seen = append(seen, Committed[S]{Partition: p.id, Position: seq, Result: it.outcome.result, Commit: eventstore.Commit{
				Log: p.def.Name, Position: seq, Index: i, Commit: it.commit,
			}})
		}
		it.req.done <- it.outcome
	}
	for _, it := range m.answers {
		it.outcome.result.Position = seq
		it.req.done <- it.outcome
	}
	if p.watch != nil {
		p.watch(seen)
	}
	if len(p.dirty) >= p.cfg.FlushRows {
		p.flush()
	}
}

// fold moves a stored commit from ahead to durable.
func (p *partition[S]) fold(it *pending[S], seq uint64) {
	for _, u := range it.rows {
		if p.ahead[u.key] == u.row {
			delete(p.ahead, u.key)
		}
		u.row.pending = nil
		p.setDurable(u.key, u.row)
	}
	p.created += it.created
	if it.key != "" {
		delete(p.aheadKeys, it.key)
		p.keys.dirty[it.key] = keyRow{Hash: it.req.meta.Hash, Position: seq, Revision: it.outcome.result.Revision}
	}
}

func (p *partition[S]) setDurable(key string, r *row[S]) {
	p.dirty[key] = r
	if p.def.Wake == nil {
		return
	}
	if on, at := p.def.Wake(r.State); on {
		p.active[key] = at
		p.dirtyActive[key] = true
	} else if _, was := p.active[key]; was {
		delete(p.active, key)
		p.dirtyActive[key] = true
	}
}

// reconcile finds out what became of a message that was refused or not
// answered, until it is known or the process stops. Meanwhile commands go on
// being decided and queued.
func (p *partition[S]) reconcile(m *message[S], cause error) {
	if !errors.Is(cause, errFenced) {
		slog.LogAttrs(p.life, slog.LevelWarn, "append without answer", slog.String("log", p.def.Name), slog.Int("partition", p.id), slog.Any("error", cause))
	}
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		fate, seq, err := p.fate(p.life, m)
		if err == nil && fate == fateMissing { // the same message again, under the same fence
			if errors.Is(cause, errFenced) { // by what is in no partition
				p.wire.whole = false
			}
			p.deliver(m)
			return
		}
		if err == nil {
			p.mu.Lock()
			if fate == fateStored {
				p.store(m, seq)
			} else {
				p.takeOver(p.life, m)
			}
			next := p.next()
			p.mu.Unlock()
			if next != nil {
				p.deliver(next)
			}
			return
		}
		select {
		case <-p.life.Done():
			p.mu.Lock()
			p.fail(m, err)
			p.mu.Unlock()
			return
		case <-time.After(wait):
		}
	}
}

type fate int

const (
	fateStored  fate = iota // the message is in the log
	fateMissing             // it is not, and nothing else is either
	fateOverrun             // the log is not what this partition took it for
)

// fate reads the log where the message should be. A message follows directly
// on the position it expected, so the first message there tells all.
func (p *partition[S]) fate(ctx context.Context, m *message[S]) (fate, uint64, error) {
	first, ok, err := p.wire.next(ctx, PartitionFilter(p.def.Name, p.id), p.position+1)
	switch {
	case err != nil:
		return 0, 0, err
	case ok && first.group == m.group:
		return fateStored, first.seq, nil
	case ok:
		return fateOverrun, 0, nil
	}
	same, _, err := p.matches(ctx, p.checkpoint())
	if err != nil {
		return 0, 0, err
	}
	if !same {
		return fateOverrun, 0, nil
	}
	return fateMissing, 0, nil
}

// takeOver accepts what others wrote: it folds their commits, forgets what ran
// ahead, and decides the waiting commands again.
func (p *partition[S]) takeOver(ctx context.Context, m *message[S]) {
	for p.flushing != nil { // m is in flight, so nobody else sends meanwhile
		p.settled.Wait()
	}
	again := slices.Concat([]*message[S]{m}, p.queue.drain())
	p.inflight = nil
	p.settled.Broadcast()
	p.ahead, p.aheadKeys = map[string]*row[S]{}, map[string]*pending[S]{}
	err := p.resync(ctx)
	p.aheadCreated = p.created
	if err != nil {
		for _, m := range again {
			p.fail(m, err)
		}
		return
	}
	if p.hooks.Conflict != nil {
		p.hooks.Conflict(p.def.Name, p.id)
	}
	var reqs []*request[S]
	for _, m := range again {
		for _, it := range m.all() {
			reqs = append(reqs, it.req)
		}
	}
	slices.SortFunc(reqs, func(a, b *request[S]) int { return cmp.Compare(a.born, b.born) })
	for _, r := range reqs {
		if err := p.refusal(); err != nil {
			r.done <- outcome[S]{err: err}
			continue
		}
		p.decide(r)
	}
}

// resync brings durable state to the end of the log, whatever happened to it.
func (p *partition[S]) resync(ctx context.Context) error {
	same, why, err := p.matches(ctx, p.checkpoint())
	if err != nil {
		return err
	}
	if !same {
		return p.rebuild(ctx, why, true)
	}
	return p.catchUp(ctx)
}

func (p *partition[S]) checkpoint() checkpoint {
	return checkpoint{Position: p.position, Group: p.group, Created: p.created}
}

// fail tells everyone in a message that its fate is not known.
func (p *partition[S]) fail(m *message[S], err error) {
	p.inflight = nil
	p.settled.Broadcast()
	for _, it := range m.all() {
		it.req.done <- outcome[S]{err: unknownOutcome(err)}
	}
}

func unknownOutcome(err error) error {
	return fault.Wrap(err, fault.Unavailable, "outcome_unknown", "the log did not answer; repeat with the same idempotency key")
}

// catchUp folds everything stored after position, in small steps.
func (p *partition[S]) catchUp(ctx context.Context) error {
	filter := PartitionFilter(p.def.Name, p.id)
	for {
		s, ok, err := p.wire.next(ctx, filter, p.position+1)
		if err != nil || !ok {
			return err
		}
		p.foldStored(s.seq, s.group, s.body.GetCommits())
	}
}

// foldStored folds a message that this partition did not decide, or decided
// in an earlier life.
func (p *partition[S]) foldStored(seq uint64, group string, commits []*logv1.Commit) {
	for _, c := range commits {
		var revision uint64
		for _, e := range c.GetEvents() {
			key := rowKey(c.GetTenant(), e.GetAggregate())
			old := p.durable(key)
			if old == nil {
				old = &row[S]{State: p.def.New(e.GetAggregate(), p.ordinalAfter(p.created))}
			}
			next := &row[S]{Revision: e.GetRevision(), State: old.State, Trace: cmp.Or(c.GetTraceparent(), old.Trace)}
			if ev, err := eventstore.Decode(e); err != nil {
				panic(err.Error()) // bytes in the log that are not what they say
			} else if ev != nil {
				next.State = p.def.Evolve(old.State, ev)
			}
			if e.GetRevision() == 1 {
				p.created++
			}
			if e.GetAggregate() == c.GetScope() {
				revision = e.GetRevision()
			}
			p.setDurable(key, next)
		}
		if c.GetCommandKey() != "" {
			k := c.GetTenant() + "\x1f" + c.GetScope() + "\x1f" + c.GetCommandKey()
			p.keys.dirty[k] = keyRow{Hash: c.GetCommandHash(), Position: seq, Revision: revision}
		}
	}
	p.position, p.group = seq, group
}
