package jsstore

import (
	"context"
	"log/slog"
	"maps"
	"time"
)

// flush starts writing dirty state to the state file, unless a write is under
// way. The partition goes on deciding meanwhile: rows are never changed, so
// they can be encoded beside it.
func (p *partition[S]) flush() {
	if p.flushing != nil || (len(p.dirty) == 0 && len(p.keys.dirty) == 0) {
		return
	}
	rows, keys, active, cp := p.beginFlush()
	go func() {
		started := p.cfg.Now()
		err := p.file.write(p.id, encodeBatch(rows, keys, active, cp))
		if p.hooks.Flushed != nil {
			p.hooks.Flushed(p.def.Name, len(rows), p.cfg.Now().Sub(started), err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.flushed(err)
		p.settled.Broadcast()
	}()
}

func (p *partition[S]) beginFlush() (map[string]*row[S], map[string]keyRow, map[string]*time.Time, checkpoint) {
	p.flushing, p.dirty = p.dirty, map[string]*row[S]{}
	p.keys.flushing, p.keys.dirty = p.keys.dirty, map[string]keyRow{}
	active := make(map[string]*time.Time, len(p.dirtyActive))
	for key := range p.dirtyActive {
		if at, on := p.active[key]; on {
			active[key] = &at
		} else {
			active[key] = nil
		}
	}
	p.dirtyActive = map[string]bool{}
	return p.flushing, p.keys.flushing, active, p.checkpoint()
}

func encodeBatch[S any](rows map[string]*row[S], keys map[string]keyRow, active map[string]*time.Time, cp checkpoint) batch {
	b := batch{rows: make(map[string][]byte, len(rows)), keys: make(map[string][]byte, len(keys)), active: active, cp: cp}
	for k, r := range rows {
		b.rows[k] = must(encMode.Marshal(r))
	}
	for k, r := range keys {
		b.keys[k] = must(encMode.Marshal(r))
	}
	return b
}

// flushed ends a write. After a failure the rows stay dirty and are written
// again later; until then the log simply has more to replay at a start.
func (p *partition[S]) flushed(err error) {
	if err != nil {
		slog.LogAttrs(context.Background(), slog.LevelError, "state not written", slog.String("log", p.def.Name), slog.Any("error", err))
		maps.Copy(p.flushing, p.dirty)
		maps.Copy(p.keys.flushing, p.keys.dirty)
		p.dirty, p.keys.dirty = p.flushing, p.keys.flushing
		for key := range p.dirty {
			p.dirtyActive[key] = true
		}
	} else {
		for k, r := range p.flushing {
			p.cache.Add(k, r)
		}
	}
	p.flushing, p.keys.flushing = nil, nil
}

// flushFinal writes everything and waits for it; no write may be under way.
func (p *partition[S]) flushFinal() {
	if len(p.dirty) == 0 && len(p.keys.dirty) == 0 {
		return
	}
	rows, keys, active, cp := p.beginFlush()
	p.flushed(p.file.write(p.id, encodeBatch(rows, keys, active, cp)))
}
