package jsstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// wire is the stream as a partition needs it.
type wire struct {
	conn   *nats.Conn
	stream jetstream.Stream
	wait   time.Duration
	// whole: the stream holds nothing but the partition, so its last sequence is
	// the partition's. The server has that at hand; the last one of some of its
	// subjects it looks up, which costs a lone caller a twentieth of an append.
	whole bool
}

// append publishes with the fence. errFenced is final; any other error leaves
// open whether the message was stored. It is a plain request, since every
// microsecond between two appends of a lone caller counts more than once: by
// then the threads on the message's way have gone to sleep.
func (w wire) append(ctx context.Context, msg *nats.Msg, filter string, after uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, w.wait)
	defer cancel()
	last := []string{strconv.FormatUint(after, 10)}
	if w.whole {
		msg.Header[jetstream.ExpectedLastSeqHeader] = last
	} else {
		msg.Header[jetstream.ExpectedLastSubjSeqHeader] = last
		msg.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{filter}
	}
	res, err := w.conn.RequestMsgWithContext(ctx, msg)
	if err != nil {
		return 0, err
	}
	return readAck(res.Data)
}

// readAck reads what the server says to an append: errFenced, any other error,
// or the sequence under which the message was stored.
func readAck(data []byte) (uint64, error) {
	if seq := plainAck(data); seq != 0 {
		return seq, nil
	}
	var ack struct {
		Error *jetstream.APIError `json:"error"`
		jetstream.PubAck
	}
	if err := json.Unmarshal(data, &ack); err != nil {
		return 0, fmt.Errorf("answer to an append: %w", err)
	}
	switch {
	case ack.Error != nil && (ack.Error.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || ack.Error.ErrorCode == codeWrongLastInFlight):
		return 0, errFenced
	case ack.Error != nil:
		return 0, ack.Error
	case ack.Sequence == 0:
		return 0, fmt.Errorf("answer to an append has no sequence: %q", data)
	}
	return ack.Sequence, nil
}

// plainAck reads the answer that nearly every append gets,
// {"stream":"LOG_ORDER", "seq":42}. It returns 0 for every other one.
func plainAck(data []byte) uint64 {
	rest, ok := bytes.CutPrefix(data, []byte(`{"stream":"LOG_`))
	if !ok {
		return 0
	}
	_, rest, _ = bytes.Cut(rest, []byte(`"`))
	digits, ok := bytes.CutPrefix(rest, []byte(`, "seq":`))
	if !ok {
		return 0
	}
	digits, ok = bytes.CutSuffix(digits, []byte(`}`))
	seq, err := strconv.ParseUint(string(digits), 10, 64)
	if !ok || err != nil {
		return 0
	}
	return seq
}

// codeWrongLastInFlight: a replicated stream refuses while another append with
// the same filter is in flight.
const codeWrongLastInFlight jetstream.ErrorCode = 10164

// stored is a message of the partition as the stream has it.
type stored struct {
	seq   uint64
	group string
	at    time.Time
	body  *logv1.CommitGroup
}

// last returns the last message of a partition; ok is false when it has none.
func (w wire) last(ctx context.Context, filter string) (s stored, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.wait)
	defer cancel()
	raw, err := w.stream.GetLastMsgForSubject(ctx, filter)
	return w.read(raw, err)
}

// next returns the first message of a partition at seq or later.
func (w wire) next(ctx context.Context, filter string, seq uint64) (s stored, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.wait)
	defer cancel()
	raw, err := w.stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(filter))
	return w.read(raw, err)
}

func (w wire) read(raw *jetstream.RawStreamMsg, err error) (stored, bool, error) {
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return stored{}, false, nil
	}
	if err != nil {
		return stored{}, false, err
	}
	s := stored{seq: raw.Sequence, group: raw.Header.Get(headerGroup), at: raw.Time, body: &logv1.CommitGroup{}}
	if err := proto.Unmarshal(raw.Data, s.body); err != nil {
		return stored{}, false, fmt.Errorf("message %d: %w", raw.Sequence, err)
	}
	return s, true, nil
}
