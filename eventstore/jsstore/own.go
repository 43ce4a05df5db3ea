package jsstore

import (
	"context"
	"fmt"

	"github.com/orderstream/oms/internal/fault"
)

// errNotOwner says that nothing was stored because another process decides for
// the partition. Callers inside this package look for the owner again.
var errNotOwner = fault.New(fault.Unavailable, "not_owner", "another process decides here now; nothing was stored")

// own begins to decide: state is brought to the end of the log first. What was
// in flight when the partition was last owned is waited for.
func (p *partition[S]) own(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.idle(ctx); err != nil {
		return err
	}
	if err := p.refresh(ctx); err != nil {
		return err
	}
	p.ahead, p.aheadKeys, p.aheadCreated = map[string]*row[S]{}, map[string]*pending[S]{}, p.created
	p.away = false
	return nil
}

// disown stops deciding at once. Commands that are queued are refused: nothing
// of them is stored, and their callers turn to the next owner. A message in
// flight is settled as ever.
func (p *partition[S]) disown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = true
	p.refuseQueued(errNotOwner)
}

// calm waits until no message is in flight, so that the next owner finds the
// whole partition in the log.
func (p *partition[S]) calm(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.idle(ctx)
}

// standBy keeps the state of a partition that others own near the end of the
// log, so that owning it takes milliseconds.
func (p *partition[S]) standBy(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.away {
		return nil
	}
	if err := p.idle(ctx); err != nil {
		return err
	}
	return p.refresh(ctx)
}

// idle waits until no message is in flight and nothing is being written.
func (p *partition[S]) idle(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.settled.Broadcast()
	})()
	for p.inflight != nil || p.flushing != nil {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("partition %d of %s is not settled: %w", p.id, p.def.Name, err)
		}
		p.settled.Wait()
	}
	if p.closed {
		return errStopping
	}
	return ctx.Err()
}

// refresh brings durable state to the end of the log: the bulk with one
// consumer, and what was stored meanwhile one by one.
func (p *partition[S]) refresh(ctx context.Context) error {
	same, why, err := p.matches(ctx, p.checkpoint())
	if err != nil {
		return err
	}
	if !same {
		err = p.rebuild(ctx, why, true)
	} else {
		err = p.replay(ctx)
	}
	if err != nil {
		return err
	}
	return p.catchUp(ctx)
}
