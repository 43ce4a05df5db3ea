package delivery

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// feeds are those of one shard.
type feeds struct {
	*shard
	mu     sync.Mutex
	byLog  map[string]*feed
	stale  atomic.Bool // endpoints changed since heard was made
	hearMu sync.Mutex
	heard  map[string]*audience // by tenant
}

func newFeeds(s *shard) *feeds {
	f := &feeds{shard: s, byLog: map[string]*feed{}, heard: map[string]*audience{}}
	f.stale.Store(true)
	return f
}

// see is told where a tenant's feed of a log is. A feed that runs knows that by
// itself; a new one is followed from there.
func (f *feeds) see(ctx context.Context, tenant, log string, at endpoint.Cursor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.byLog[log]
	if one == nil {
		t := f.translator(log)
		if t == nil {
			return // of a log that this build does not tell of
		}
		one = &feed{feeds: f, translator: t, cursors: map[string]endpoint.Cursor{}}
		f.byLog[log] = one
		one.begin(tenant, at) // it follows from where somebody is
		f.spawn(func() { one.run(ctx) })
		return
	}
	one.begin(tenant, at)
}

func (f *feeds) translator(log string) Translator {
	for _, t := range f.cfg.Translators {
		if t.Log() == log {
			return t
		}
	}
	return nil
}

// changed says that endpoints did.
func (f *feeds) changed() { f.stale.Store(true) }

// audienceOf is who hears what of a tenant's events; nil when nobody does.
func (f *feeds) audienceOf(tenant string) *audience {
	f.hearMu.Lock()
	defer f.hearMu.Unlock()
	if f.stale.Swap(false) {
		f.heard = map[string]*audience{}
		for tenant, configs := range f.configs() {
			f.heard[tenant] = newAudience(configs)
		}
	}
	return f.heard[tenant]
}

// audience finds the endpoints that hear a type without asking all of them.
type audience struct {
	byType map[heardAs][]endpoint.Config
	wanted [8]bool // by vocabulary
}

// heardAs is a type of a vocabulary; "*" is all.
type heardAs struct {
	vocabulary deliveryv1.Vocabulary
	name       string
}

func newAudience(configs []endpoint.Config) *audience {
	a := &audience{byType: map[heardAs][]endpoint.Config{}}
	for _, c := range configs {
		a.wanted[c.GetVocabulary()&7] = a.wanted[c.GetVocabulary()&7] || c.GetStatus() != endpoint.Disabled
		for _, t := range c.GetEventTypes() {
			k := heardAs{c.GetVocabulary(), t}
			a.byType[k] = append(a.byType[k], c)
		}
	}
	return a
}

// wants says whether anybody listens in the words of a vocabulary.
func (a *audience) wants(v deliveryv1.Vocabulary) bool { return a != nil && a.wanted[v&7] }

// of returns who hears this, and whether one of them wants all of it.
func (a *audience) of(f endpoint.Facts) (ids []string, fat bool) {
	for _, name := range []string{f.Type, "*"} {
		for _, c := range a.byType[heardAs{f.Vocabulary, name}] {
			if c.Hears(f) && (name != "*" || !names(c, f.Type)) {
				ids = append(ids, c.GetEndpointId())
				fat = fat || c.GetDetail() == deliveryv1.Detail_DETAIL_FAT
			}
		}
	}
	return ids, fat
}

// names says whether an endpoint names a type besides "*".
func names(c endpoint.Config, t string) bool {
	for _, name := range c.GetEventTypes() {
		if name == t {
			return true
		}
	}
	return false
}
