package jsstore

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// recoverState brings a partition to the end of its log. Intact state costs
// two reads of the stream and the replay of what the last write-behind missed;
// state of other code, or of a log that lost its tail, is built anew.
func (p *partition[S]) recoverState(ctx context.Context) error {
	cp, active, ok, err := p.file.load(p.id)
	if err != nil {
		return fmt.Errorf("state of %s: %w", p.def.Name, err)
	}
	why := "state of another version"
	if ok {
		ok, why, err = p.matches(ctx, cp)
		if err != nil {
			return err
		}
	}
	if !ok {
		return p.rebuild(ctx, why, cp.Position != 0)
	}
	p.position, p.group, p.created, p.active = cp.Position, cp.Group, cp.Created, active
	if err := p.replay(ctx); err != nil {
		return err
	}
	p.aheadCreated = p.created
	return nil
}

// matches compares a checkpoint with the stream.
func (p *partition[S]) matches(ctx context.Context, cp checkpoint) (bool, string, error) {
	if cp.Position == 0 {
		return true, "", nil
	}
	s, ok, err := p.wire.next(ctx, PartitionFilter(p.def.Name, p.id), cp.Position)
	switch {
	case err != nil:
		return false, "", fmt.Errorf("log %s: %w", p.def.Name, err)
	case !ok:
		return false, "the log lost its tail", nil
	case s.seq != cp.Position || s.group != cp.Group:
		return false, "the log has other messages where the state ends", nil
	}
	return true, "", nil
}

// rebuild forgets all state and folds the log from its beginning.
func (p *partition[S]) rebuild(ctx context.Context, why string, loud bool) error {
	if loud {
		slog.LogAttrs(ctx, slog.LevelWarn, "state is built anew", slog.String("log", p.def.Name), slog.Int("partition", p.id), slog.String("reason", why))
	}
	started := p.cfg.Now()
	if err := p.file.wipe(p.id); err != nil {
		return fmt.Errorf("wipe state of %s: %w", p.def.Name, err)
	}
	p.position, p.group, p.created = 0, "", 0
	p.dirty, p.active, p.dirtyActive = map[string]*row[S]{}, map[string]time.Time{}, map[string]bool{}
	p.cache = must(simplelru.NewLRU[string, *row[S]](p.cfg.CacheRows, nil))
	p.keys = newKeyState()
	if err := p.replay(ctx); err != nil {
		return err
	}
	p.aheadCreated = p.created
	if p.hooks.Rebuilt != nil && loud {
		p.hooks.Rebuilt(p.def.Name, p.id, p.position, p.cfg.Now().Sub(started))
	}
	return nil
}

// replay folds everything after position, writing behind by the thousand.
func (p *partition[S]) replay(ctx context.Context) error {
	filter := PartitionFilter(p.def.Name, p.id)
	head, ok, err := p.wire.last(ctx, filter)
	if err != nil {
		return fmt.Errorf("log %s: %w", p.def.Name, err)
	}
	if !ok || head.seq <= p.position {
		return nil
	}
	cons, err := p.wire.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{filter}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: p.position + 1,
	})
	if err != nil {
		return fmt.Errorf("replay %s: %w", p.def.Name, err)
	}
	it, err := cons.Messages(jetstream.PullMaxBytes(pullBytes))
	if err != nil {
		return fmt.Errorf("replay %s: %w", p.def.Name, err)
	}
	defer it.Stop()
	stopped := context.AfterFunc(ctx, it.Stop)
	defer stopped()
	for p.position < head.seq {
		m, err := it.Next()
		if err != nil {
			return fmt.Errorf("replay %s: %w", p.def.Name, err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("replay %s: %w", p.def.Name, err)
		}
		var group logv1.CommitGroup
		if err := proto.Unmarshal(m.Data(), &group); err != nil {
			return fmt.Errorf("replay %s at %d: %w", p.def.Name, meta.Sequence.Stream, err)
		}
		p.foldStored(meta.Sequence.Stream, m.Headers().Get(headerGroup), group.GetCommits())
		if len(p.dirty) >= p.cfg.FlushRows {
			p.flushFinal()
		}
	}
	return nil
}
