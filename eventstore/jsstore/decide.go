package jsstore

import (
	"bytes"
	"fmt"
	"reflect"
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
	used    []use[S]       // in the order of their first use
	byID    map[string]int // places in used; nil while they are few
	stored  []*logv1.Event
	events  []proto.Message
	dep     *message[S] // the last message that something read is waiting for
	created uint64
	size    int
	err     error
}

// use is an aggregate as a decision sees it.
type use[S any] struct {
	id, key string
	row     *row[S]
	changed bool
}

// few is the number of aggregates among which one is found without a map:
// nearly every decision is about one.
const few = 8

// find returns what the decision has of an aggregate; nil when it has nothing.
func (t *txn[S]) find(id string) *use[S] {
	if t.byID != nil {
		if i, ok := t.byID[id]; ok {
			return &t.used[i]
		}
		return nil
	}
	for i := range t.used {
		if t.used[i].id == id {
			return &t.used[i]
		}
	}
	return nil
}

func (t *txn[S]) use(id string) *use[S] {
	if u := t.find(id); u != nil {
		return u
	}
	u := use[S]{id: id, key: rowKey(t.tenant, id)}
	if u.row = t.p.lookup(u.key); u.row == nil {
		u.row = &row[S]{State: t.p.def.New(id, t.p.ordinal(t.created))}
	}
	if m := u.row.pending; m != nil && (t.dep == nil || m.order > t.dep.order) {
		t.dep = m
	}
	t.used = append(t.used, u)
	switch {
	case t.byID != nil:
		t.byID[id] = len(t.used) - 1
	case len(t.used) > few:
		t.byID = make(map[string]int, 4*few)
		for i, u := range t.used {
			t.byID[u.id] = i
		}
	}
	return &t.used[len(t.used)-1]
}

func (t *txn[S]) load(id string) S { return t.use(id).row.State }

func (t *txn[S]) record(id string, e proto.Message) {
	u := t.use(id)
	old := u.row
	stored, err := eventstore.Encode(id, old.Revision+1, e)
	if err != nil {
		t.err = err
		return
	}
	if old.Revision == 0 {
		t.created++
	}
	u.row, u.changed = &row[S]{Revision: old.Revision + 1, State: t.p.def.Evolve(old.State, e), Trace: old.Trace}, true
	t.stored = append(t.stored, stored)
	t.events = append(t.events, e)
	t.size += len(stored.Data) + len(stored.Type) + len(id) + 16
}

// react adds what follows by rule from every state that the command used.
func (t *txn[S]) react(now time.Time) error {
	if t.p.def.React == nil {
		return nil
	}
	for i := range t.used {
		for n := 0; ; n++ {
			follow := t.p.def.React(t.used[i].row.State, now)
			if len(follow) == 0 {
				break
			}
			if n == maxReactions {
				return fmt.Errorf("rules on %s %s do not end", t.p.def.Name, t.used[i].id)
			}
			for _, e := range follow {
				t.record(t.used[i].id, e)
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
	t := &txn[S]{p: p, tenant: r.meta.Tenant}
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
	for _, u := range it.rows {
		u.row.pending = m
		p.ahead[u.key] = u.row
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
		if have := t.use(r.scope).row.Revision; have != want {
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
	it.outcome.result = eventstore.Result[S]{Events: t.events, States: make(map[string]S, len(t.used))}
	for _, u := range t.used {
		it.outcome.result.States[u.id] = u.row.State
		if u.changed {
			if r.meta.Traceparent != "" {
				u.row.Trace = r.meta.Traceparent
			}
			it.rows = append(it.rows, u)
		}
	}
	if u := t.find(r.scope); u != nil {
		it.outcome.result.Revision = u.row.Revision
	}
	if len(t.stored) == 0 {
		return it
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
