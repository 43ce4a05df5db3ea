package delivery

import (
	"container/heap"
	"context"
	"log/slog"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/endpoint"
)

// slow is how long a failed attempt has to last to count against the number that
// may be under way: what fails at once holds nobody up.
const slow = time.Second

// notOurs is how long a delivery waits that could not leave for reasons that are
// not its endpoint's.
const notOurs = 5 * time.Second

// deliver makes attempts, one batch after the other, until nothing is to be done
// now. What became of one is being stored while the next one is made.
func (l *lane) deliver(ctx context.Context, batch []*item) {
	for len(batch) > 0 {
		started := l.shard.cfg.Now()
		verdicts, ended := l.attempt(ctx, batch)
		if ended {
			return
		}
		l.judge(ctx, batch, verdicts, started)
		l.mu.Lock()
		l.under--
		if batch = l.next(ctx); len(batch) > 0 {
			l.under++
		}
		l.mu.Unlock()
	}
	l.pump(ctx) // more may be under way than before
}

// attempt makes one attempt for each delivery of a batch. It has ended when this
// process stopped it, and not the endpoint.
func (l *lane) attempt(ctx context.Context, batch []*item) (verdicts []send.Verdict, ended bool) {
	l.mu.Lock()
	l.renewIfNeeded(l.shard.cfg.Now())
	sender, cfg, timeout := l.sender, l.cfg, l.timeout()
	if sender == nil {
		l.mu.Unlock()
		return unsent(len(batch), "endpoint_changed"), false
	}
	sender.use()
	l.mu.Unlock()
	defer sender.leave()
	messages := make([]send.Message, len(batch))
	for i, it := range batch {
		if err := l.load(ctx, it); err != nil {
			slog.LogAttrs(ctx, slog.LevelWarn, "notice not read", slog.Uint64("position", it.Position), slog.Any("error", err))
			return unsent(len(batch), "notice_unreadable"), ctx.Err() != nil
		}
		messages[i] = l.shard.cfg.Compose.message(l.key.tenant, cfg, it, sender.Limits())
	}
	sending, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	verdicts = sender.Send(sending, messages)
	return verdicts, ctx.Err() != nil && verdicts[0].Outcome != send.Delivered
}

// load reads the notice of a delivery that came without.
func (l *lane) load(ctx context.Context, it *item) (err error) {
	if it.notice == nil {
		it.notice, err = l.notices.get(ctx, it.Ref)
	}
	return err
}

func unsent(n int, reason string) []send.Verdict {
	all := make([]send.Verdict, n)
	for i := range all {
		all[i] = send.Verdict{Outcome: send.Unsent, Reason: reason}
	}
	return all
}

// judge decides what follows from verdicts and has it stored; then the
// deliveries are brought where they belong.
func (l *lane) judge(ctx context.Context, batch []*item, verdicts []send.Verdict, started time.Time) {
	now := l.shard.cfg.Now()
	attempts := make([]endpoint.Attempt, 0, len(batch))
	after := make([]endpoint.Attempt, len(batch))
	for i, it := range batch {
		after[i] = l.after(it, verdicts[i], started, now)
		if after[i].Outcome != 0 {
			attempts = append(attempts, after[i])
		}
	}
	settle := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, it := range batch {
			l.place(it, verdicts[i], after[i], now)
			if f := l.shard.cfg.Hooks.Attempted; f != nil {
				f(l.cfg.GetVocabulary(), verdicts[i].Outcome, verdicts[i].Took)
			}
		}
		l.searchIfNeeded(ctx, now)
	}
	if len(attempts) == 0 {
		settle()
		return
	}
	l.mu.Lock()
	l.storing += len(batch)
	for i := range batch {
		l.learn(verdicts[i], now)
	}
	l.mu.Unlock()
	l.recorder.record(l.key.tenant, attempts, func(stored bool) {
		if !stored {
			return
		}
		settle()
		l.mu.Lock()
		l.storing -= len(batch)
		l.mu.Unlock()
		l.pump(ctx)
	})
}

// after says what follows from a verdict. An attempt without an outcome was
// none: it is not stored.
func (l *lane) after(it *item, v send.Verdict, started, now time.Time) endpoint.Attempt {
	a := endpoint.Attempt{
		EndpointID: l.key.id, Position: it.Position, Place: it.Place, Number: it.attempts + 1, At: started, Took: v.Took,
		Status: v.Status, Reason: v.Reason, Detail: v.Detail, Response: v.Response, Thinned: it.thin,
	}
	switch v.Outcome {
	case send.Delivered:
		a.Outcome = endpoint.Delivered
	case send.Gone, send.Refused:
		a.Outcome, a.Gone = endpoint.Parked, v.Outcome == send.Gone
	case send.Unsent:
	case send.TooLarge:
		if it.thin {
			a.Outcome = endpoint.Parked
		}
	case send.Failed, send.Throttled:
		a.Outcome, a.NextAt = endpoint.AfterFailure(l.config().Retries(), a.Number, v.RetryAfter, l.shard.cfg.Chance(), now)
	}
	return a
}

// learn tells the breaker, and how many attempts may be under way. The lock is
// held.
func (l *lane) learn(v send.Verdict, now time.Time) {
	switch v.Outcome {
	case send.Delivered:
		l.breaker.succeeded()
		l.limit = min(l.limit+1, l.concurrency())
	case send.Failed, send.Throttled, send.Gone:
		l.breaker.failed(v, now)
		if v.Took >= slow {
			l.limit = max(1, l.limit/2)
		}
	case send.Refused, send.TooLarge, send.Unsent:
	}
}

// place brings a delivery where it belongs after an attempt. The lock is held.
func (l *lane) place(it *item, v send.Verdict, a endpoint.Attempt, now time.Time) {
	switch {
	case a.Outcome == endpoint.Delivered || a.Outcome == endpoint.Parked:
		l.forget(it)
		l.unblock(it, true)
	case a.Outcome == endpoint.Retry:
		it.attempts = a.Number
		l.again(it, a.NextAt)
	case v.Outcome == send.TooLarge:
		it.thin = true
		l.again(it, now)
	default:
		l.again(it, now.Add(notOurs))
	}
}

// again attempts a delivery at a time. One that does not fit in memory waits in
// the view, unless its subject waits for it or nobody else knows of its time.
func (l *lane) again(it *item, at time.Time) {
	it.due = at
	if len(l.due) >= 2*held && it.attempts > 0 && !l.cfg.GetOrdered() {
		l.forget(it)
		if l.searching && (l.spilled.IsZero() || at.Before(l.spilled)) {
			l.spilled = at
		}
		if l.dueBehind.IsZero() || at.Before(l.dueBehind) {
			l.dueBehind = at
		}
		return
	}
	heap.Push(&l.due, it)
}

// forget takes a delivery out of memory.
func (l *lane) forget(it *item) {
	delete(l.known, it.Ref)
	if l.finished != nil {
		l.finished[it.Ref] = true
	}
}
