package jsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/eventstore"
)

// shared is what a log needs when processes share it: who decides where, and
// the way there.
type shared[S any] struct {
	log      *Log[S]
	cfg      Config
	commands commands[S]
	ls       *leases
	seats    []*member[S]

	leave, stopKeeping func()
	keeping            sync.WaitGroup

	mu      sync.Mutex
	closing bool
	calls   sync.WaitGroup // of other processes, in hand
}

// share prepares a log for several processes.
func share[S any](ctx context.Context, s *Store, l *Log[S], cmds commands[S]) (*shared[S], error) {
	_, ttl, err := s.leases.open(ctx)
	if err != nil {
		return nil, err
	}
	sh := &shared[S]{log: l, cfg: l.cfg, commands: cmds}
	self := lease{Writer: l.cfg.Writer, Address: l.cfg.Address}
	sh.ls = newLeases(l.def.Name, len(l.parts), self, s.leases, ttl, l.cfg.Now, &s.frozen)
	for i, p := range l.parts {
		p.away = true
		m := &member[S]{partition: p, shared: sh}
		m.keeper = &keeper{ls: sh.ls, id: i, seat: m, abandoned: &l.abandoned, epoch: l.cfg.Now()}
		sh.seats = append(sh.seats, m)
	}
	return sh, nil
}

// owns reports whether this process may own partitions of a log.
func (c Config) owns(log string) bool {
	return !c.Cluster || c.Own == nil || slices.Contains(c.Own, log)
}

// start begins to watch the leases and, where this process may own, to want
// them. The first look at the bucket comes before the first try.
func (sh *shared[S]) start(life context.Context) {
	ctx, stop := context.WithCancel(life) //nolint:gosec // release calls it
	sh.stopKeeping = stop
	known := make(chan struct{})
	sh.keeping.Go(func() { sh.ls.watch(ctx, sync.OnceFunc(func() { close(known) })) })
	if !sh.cfg.owns(sh.log.def.Name) {
		return
	}
	sh.leave = sh.attend(ctx)
	for _, m := range sh.seats {
		sh.keeping.Go(func() {
			select {
			case <-known:
			case <-ctx.Done():
			}
			m.keeper.run(ctx)
		})
	}
}

// attend makes this process known to the others until it leaves.
func (sh *shared[S]) attend(ctx context.Context) (leave func()) {
	present, stop := context.WithCancel(ctx)
	var attending sync.WaitGroup
	attending.Go(func() { sh.ls.attend(present) })
	return func() {
		stop()
		attending.Wait()
		if sh.log.abandoned.Load() {
			return
		}
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = sh.ls.bucket.leave(within, sh.ls.memberKey())
	}
}

// release gives every lease back, after the name, so that the others do not
// count with this process any more.
func (sh *shared[S]) release() {
	if sh.leave != nil {
		sh.leave()
	}
	sh.stopKeeping()
	sh.keeping.Wait()
	sh.mu.Lock()
	sh.closing = true
	sh.mu.Unlock()
}

// member is a partition as a seat that this process may take.
type member[S any] struct {
	*partition[S]
	shared *shared[S]
	keeper *keeper
	mine   atomic.Bool // commands are decided here
}

func (m *member[S]) owned() {
	m.mine.Store(true)
	if m.hooks.Owned != nil {
		m.hooks.Owned(m.def.Name, m.id)
	}
	m.shared.log.begun(m.partition)
}

func (m *member[S]) lost() {
	if m.hooks.Lost != nil {
		m.hooks.Lost(m.def.Name, m.id)
	}
}

func (m *member[S]) disown() {
	m.mine.Store(false)
	m.partition.disown()
}

// serve takes commands of other processes. Should two processes take the
// partition for theirs, each command reaches one of them: they are a queue.
func (m *member[S]) serve() (func(), error) {
	sub, err := m.cfg.Conn.QueueSubscribe(CommandSubject(m.def.Name, m.id), "owner", func(msg *nats.Msg) {
		m.shared.mu.Lock()
		defer m.shared.mu.Unlock()
		if m.shared.closing {
			m.reply(msg, answer[S]{NotOwner: true})
			return
		}
		m.shared.calls.Go(func() { m.reply(msg, m.answer(msg.Data)) })
	})
	if err != nil {
		return nil, fmt.Errorf("take commands: %w", err)
	}
	return func() { _ = sub.Drain() }, nil
}

// answer does what a call asks, here or not at all: a call is never sent on.
func (m *member[S]) answer(data []byte) answer[S] {
	var c call
	if err := decMode.Unmarshal(data, &c); err != nil {
		return answer[S]{Fault: encodeFault(fmt.Errorf("unreadable call: %w", err))}
	}
	// What is in hand when the log is closed is settled all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.life), c.Left)
	defer cancel()
	var a answer[S]
	var err error
	switch {
	case c.List != nil:
		var page listPage
		page, err = m.page(*c.List)
		a.List = &page
	case c.Command == nil:
		var snap eventstore.Snapshot[S]
		snap, err = m.shared.readHere(ctx, m.id, c.Meta.Tenant, c.Read)
		a.Result.Revision, a.Result.Position, a.State = snap.Revision, snap.Position, &snap.State
	default:
		a, err = m.execute(ctx, c)
	}
	switch {
	case errors.Is(err, errNotOwner):
		return answer[S]{NotOwner: true}
	case err != nil:
		return answer[S]{Fault: encodeFault(err)}
	}
	return a
}

func (m *member[S]) execute(ctx context.Context, c call) (answer[S], error) {
	if !m.mine.Load() {
		return answer[S]{}, errNotOwner
	}
	tx, err := m.shared.commands.decode(*c.Command)
	if err != nil {
		return answer[S]{}, err
	}
	res, err := m.transact(ctx, c.Meta, c.Scope, tx)
	if err != nil {
		return answer[S]{}, err
	}
	return encodeResult(res)
}

// reply sends an answer. One that is larger than the servers take is replaced
// by the word that it is: the command has run.
func (m *member[S]) reply(msg *nats.Msg, a answer[S]) {
	data, err := encMode.Marshal(a)
	if err == nil && int64(len(data)) > m.cfg.Conn.MaxPayload() {
		err = fmt.Errorf("the command has run, but its answer of %d bytes is larger than the servers take", len(data))
	}
	if err != nil {
		data = must(encMode.Marshal(answer[S]{Fault: encodeFault(err)}))
	}
	_ = msg.Respond(data)
}
