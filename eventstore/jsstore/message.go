package jsstore

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// request is one command on its way through a partition.
type request[S any] struct {
	ctx   context.Context //nolint:containedctx // a request in a queue is bound to its caller's patience
	meta  eventstore.Meta
	scope string
	tx    eventstore.Transaction[S]
	done  chan outcome[S] // holds one; never blocks the partition
	born  uint64          // order of arrival, kept when the command is decided again
}

type outcome[S any] struct {
	result eventstore.Result[S]
	err    error
}

// pending is a decision that waits for a message to be stored: a commit in
// that message, or an answer that looked at what the message holds.
type pending[S any] struct {
	req     *request[S]
	outcome outcome[S]
	commit  *logv1.Commit // nil for a bare answer
	rows    []use[S]      // the aggregates that it changes
	events  []proto.Message
	created uint64 // aggregates that begin with this commit
	key     string // idempotency row to store; empty for none
	size    int
}

// message is one message of the log, open until it is sent. Commits join the
// open message of their headline, unless that would put them ahead of
// something they depend on.
type message[S any] struct {
	token   string
	order   uint64
	commits []*pending[S] // in the order decided; fixed once the message is sent
	answers []*pending[S] // decisions without events that looked at the commits
	size    int
	group   string
}

// all returns everyone who waits for the message.
func (m *message[S]) all() []*pending[S] { return slices.Concat(m.commits, m.answers) }

// queue holds the open messages in the order in which they will be sent.
type queue[S any] struct {
	open      []*message[S]
	last      map[string]*message[S] // newest open message of each headline
	nextOrder uint64
	maxCount  int
	maxSize   int
}

// join puts a commit into a message that is sent after dep, and says which.
func (q *queue[S]) join(p *pending[S], token string, dep *message[S]) *message[S] {
	m := q.last[token]
	switch {
	case m == nil, len(m.commits) >= q.maxCount, m.size+p.size > q.maxSize, dep != nil && m.order < dep.order:
		q.nextOrder++
		m = &message[S]{token: token, order: q.nextOrder}
		q.open = append(q.open, m)
		q.last[token] = m
	}
	m.commits = append(m.commits, p)
	m.size += p.size
	return m
}

// next takes the message to send.
func (q *queue[S]) next() *message[S] {
	if len(q.open) == 0 {
		return nil
	}
	m := q.open[0]
	q.open[0] = nil
	q.open = q.open[1:]
	if q.last[m.token] == m {
		delete(q.last, m.token)
	}
	return m
}

// drain takes everything, in order.
func (q *queue[S]) drain() []*message[S] {
	all := q.open
	q.open, q.last = nil, map[string]*message[S]{}
	return all
}
