package delivery

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// ledger is the delivery log of one tenant, which breaks after so many
// commands.
type ledger struct {
	eventstore.Log[endpoint.State]
	states map[string]endpoint.State
	queued map[string]int // how often, by notice
	left   int
}

var errBroken = errors.New("the process is gone")

// Transact implements eventstore.Log.
func (l *ledger) Transact(
	_ context.Context, _ eventstore.Meta, _ string, tx eventstore.Transaction[endpoint.State],
) (eventstore.Result[endpoint.State], error) {
	if l.left--; l.left < 0 {
		return eventstore.Result[endpoint.State]{}, errBroken
	}
	return eventstore.Result[endpoint.State]{}, tx.Decide(func(id string) endpoint.State { return l.states[id] }, func(id string, e proto.Message) {
		l.states[id] = endpoint.Evolve(l.states[id], e)
		if q, ok := e.(*deliveryv1.NoticesQueued); ok {
			for _, n := range q.GetNotices() {
				l.queued[n.GetNoticeId()]++
			}
		}
	})
}

// chatty says the same many things of a commit in each vocabulary that is wanted.
type chatty struct{ things int }

// Log implements Translator.
func (chatty) Log() string { return "source" }

// Translate implements Translator.
func (c chatty) Translate(_ context.Context, commit eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) (told []Told, _ error) {
	for _, v := range []deliveryv1.Vocabulary{deliveryv1.Vocabulary_VOCABULARY_DSCO, deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE} {
		for i := range c.things {
			if wanted(v) {
				told = append(told, Told{
					Facts:  endpoint.Facts{Vocabulary: v, Type: "T"},
					Notice: &deliveryv1.Notice{NoticeId: fmt.Sprintf("%s.%d.%v", commit.GetId(), i, v), At: timestamppb.New(time.Unix(1, 0))},
				})
			}
		}
	}
	return told, nil
}

// TestAFeedGoesOnInTheMiddleOfAMessage: whatever dies between two commands, and
// whoever begins to listen meanwhile in other words, each notice of who listened
// before is queued once.
func TestAFeedGoesOnInTheMiddleOfAMessage(t *testing.T) {
	listener := func(id string, v deliveryv1.Vocabulary) endpoint.Config {
		return endpoint.Config{Endpoint: &deliveryv1.Endpoint{EndpointId: id, Vocabulary: v, EventTypes: []string{"T"}, Status: endpoint.Enabled}}
	}
	message := eventstore.Batch{Position: 8}
	for i := range 7 {
		message.Commits = append(message.Commits, eventstore.Commit{Position: 8, Index: i, Commit: &logv1.Commit{Id: fmt.Sprint("c", i), Tenant: "t"}})
	}
	for dies := range 8 {
		l := &ledger{states: map[string]endpoint.State{}, queued: map[string]int{}, left: dies}
		l.states[endpoint.FeedID("source")] = endpoint.State{Feed: endpoint.Feed{Log: "source", Cursor: endpoint.Cursor{Position: 7}}}
		listeners := []endpoint.Config{listener("ds", deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE)}
		for range 2 {
			s := &shard{Engine: New(Config{Now: func() time.Time { return time.Unix(1, 0) }}), lanes: map[laneKey]*lane{}}
			s.log = l
			f := &feed{feeds: newFeeds(s), translator: chatty{things: mostNotices/2 + 1}}
			f.heard = map[string]*audience{"t": newAudience(listeners)}
			f.stale.Store(false)
			w := newWork(f, map[string]endpoint.Cursor{"t": l.states[endpoint.FeedID("source")].Feed.Cursor})
			if err := w.batch(t.Context(), message); err != nil && !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
			l.left = 100
			listeners = append(listeners, listener("dsco", deliveryv1.Vocabulary_VOCABULARY_DSCO))
		}
		for i := range 7 {
			for n := range mostNotices/2 + 1 {
				id := fmt.Sprintf("c%d.%d.%v", i, n, deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE)
				if l.queued[id] != 1 {
					t.Fatalf("died after %d commands: %s was queued %d times", dies, id, l.queued[id])
				}
			}
		}
	}
}
