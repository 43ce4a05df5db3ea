package jsstore

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/eventstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/internal/fault"
)

// maxReactions bounds Definition.React; a rule that never ends is our bug.
const maxReactions = 64

// txn is one decision: what it read, what it changed.
type txn[S any] struct {
	p       *partition[S]
	tenant  string
	rows    map[string]*row[S] // by aggregate id, as the decision sees them
	ids     []string           // ids in the order of their first use
	changed map[string]bool
	stored  []*logv1.Event
	events  []proto.Message
	dep     *message[S] // the last message that something read is waiting for
	created uint64
	size    int
	err     error
}

func (t *txn[S]) row(id string) *row[S] {
	if r, ok := t.rows[id]; ok {
		return r
	}
	r := t.p.lookup(rowKey(t.tenant, id))
	if r == nil {
		r = &row[S]{State: t.p.def.New(id, t.p.ordinal(t.created))}
	}
	if r.pending != nil && (t.dep == nil || r.pending.order > t.dep.order) {
		t.dep = r.pending
	}
	t.rows[id] = r
	t.ids = append(t.ids, id)
	return r
}

func (t *txn[S]) load(id string) S { return t.row(id).State }

func (t *txn[S]) record(id string, e proto.Message) {
	old := t.row(id)
	stored, err := eventstore.Encode(id, old.Revision+1, e)
	if err != nil {
		t.err = err
		return
	}
	if old.Revision == 0 {
		t.created++
	}
	t.rows[id] = &row[S]{Revision: old.Revision + 1, State: t.p.def.Evolve(old.State, e), Trace: old.Trace}
	t.changed[id] = true
	t.stored = append(t.stored, stored)
	t.events = append(t.events, e)
	t.size += len(stored.Data) + len(stored.Type) + len(id) + 16
}

// react adds what follows by rule from every state that the command used.
func (t *txn[S]) react(now time.Time) error {
	if t.p.def.React == nil {
		return nil
	}
	for _, id := range slices.Clone(t.ids) {
		for n := 0; ; n++ {
			follow := t.p.def.React(t.rows[id].State, now)
			if len(follow) == 0 {
				break
			}
			if n == maxReactions {
				return fmt.Errorf("rules on %s %s do not end", t.p.def.Name, id)
			}
			for _, e := range follow {
				t.record(id, e)
			}
		}
	}
	return nil
}

// decide runs a command on the state that runs ahead of the log.
func (p *partition[S]) decide(r *request[S]) {
	if err := r.ctx.Err(); err != nil {
		r.done <- outcome[S]{err: fault.Wrap(err, fault.Unavailable, "cancelled", "the caller stopped waiting before the command ran; nothing was stored")}
		return
	}
	if r.meta.Key != "" && p.answerRepeat(r) {
		return
	}
	now := p.cfg.Now().UTC().Truncate(time.Microsecond)
	t := &txn[S]{p: p, tenant: r.meta.Tenant, rows: map[string]*row[S]{}, changed: map[string]bool{}}
	err := t.run(r, now)
	if err != nil {
		p.settleLater(&pending[S]{req: r, outcome: outcome[S]{err: err}}, t.dep)
		return
	}
	it := t.pending(r, now)
	if it.commit == nil {
		p.settleLater(it, t.dep)
		return
	}
	if it.size > p.cfg.MaxMessage {
		err := fault.New(fault.Invalid, "too_large", "the command makes %d bytes of events; at most %d can be stored", it.size, p.cfg.MaxMessage)
		p.settleLater(&pending[S]{req: r, outcome: outcome[S]{err: err}}, t.dep)
		return
	}
	m := p.queue.join(it, p.def.TokenOf(t.events[0]), t.dep)
	for key, row := range it.rows {
		row.pending = m
		p.ahead[key] = row
	}
	if it.key != "" {
		p.aheadKeys[it.key] = it
	}
	p.aheadCreated += t.created
}

func (t *txn[S]) run(r *request[S], now time.Time) (err error) {
	defer func() {
		if bug := recover(); bug != nil {
			err = fmt.Errorf("%s panicked: %v", commandName(r.tx), bug)
		}
	}()
	if want := r.meta.ExpectRevision; want != 0 {
		if have := t.row(r.scope).Revision; have != want {
			return fault.New(fault.Conflict, "revision_mismatch", "%s has revision %d, not %d", r.scope, have, want)
		}
	}
	if err := r.tx.Decide(t.load, t.record); err != nil {
		return err
	}
	if err := t.react(now); err != nil {
		return err
	}
	return t.err
}

// pending turns the decision into something to store, or a bare answer.
func (t *txn[S]) pending(r *request[S], now time.Time) *pending[S] {
	it := &pending[S]{req: r}
	it.outcome.result = eventstore.Result[S]{Events: t.events, States: make(map[string]S, len(t.rows))}
	for id, row := range t.rows {
		it.outcome.result.States[id] = row.State
	}
	if row, ok := t.rows[r.scope]; ok {
		it.outcome.result.Revision = row.Revision
	}
	if len(t.stored) == 0 {
		return it
	}
	it.rows = make(map[string]*row[S], len(t.changed))
	for id := range t.changed {
		if r.meta.Traceparent != "" {
			t.rows[id].Trace = r.meta.Traceparent
		}
		it.rows[rowKey(t.tenant, id)] = t.rows[id]
	}
	it.created, it.events = t.created, t.events
	if r.meta.Key != "" {
		it.key = keyKey(r)
	}
	id := t.p.cfg.NewID(now)
	it.commit = &logv1.Commit{
		Id: id, Tenant: r.meta.Tenant, Scope: r.scope, CommandKey: r.meta.Key, CommandHash: r.meta.Hash,
		Command: commandName(r.tx), Actor: r.meta.Actor, CorrelationId: r.meta.CorrelationID,
		CausationId: r.meta.CausationID, Traceparent: r.meta.Traceparent,
		Time: timestamppb.New(now), Events: t.stored,
	}
	if it.commit.CorrelationId == "" {
		it.commit.CorrelationId = id
	}
	it.size = t.size + 160 + len(r.meta.Key) + len(r.meta.CorrelationID) + len(r.meta.CausationID)
	return it
}

// answerRepeat answers a command whose idempotency key ran before.
func (p *partition[S]) answerRepeat(r *request[S]) bool {
	key := keyKey(r)
	if first, ok := p.aheadKeys[key]; ok {
		again := &pending[S]{req: r, outcome: first.outcome}
		again.outcome.result.Repeated = true
		if !bytes.Equal(first.req.meta.Hash, r.meta.Hash) {
			again.outcome = outcome[S]{err: keyReused(r)}
		}
		p.settleLater(again, p.messageOf(first))
		return true
	}
	k := p.lookupKey(key)
	if k == nil {
		return false
	}
	if !bytes.Equal(k.Hash, r.meta.Hash) {
		r.done <- outcome[S]{err: keyReused(r)}
		return true
	}
	res := eventstore.Result[S]{Position: k.Position, Revision: k.Revision, Repeated: true, States: map[string]S{}}
	if row := p.lookup(rowKey(r.meta.Tenant, r.scope)); row != nil {
		res.States[r.scope] = row.State
	}
	r.done <- outcome[S]{result: res}
	return true
}

func keyKey[S any](r *request[S]) string {
	return r.meta.Tenant + "\x1f" + r.scope + "\x1f" + r.meta.Key
}

func keyReused[S any](r *request[S]) error {
	return fault.New(fault.Conflict, "idempotency_key_reused", "idempotency_key %q was used before with other content", r.meta.Key)
}

func commandName(tx any) string {
	if n, ok := tx.(interface{ Named() any }); ok {
		tx = n.Named()
	}
	t := reflect.TypeOf(tx)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.String()
}
