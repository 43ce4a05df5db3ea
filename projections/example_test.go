package projections_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/projections"
)

// visits counts the events of each aggregate.
var visits = projections.Projector{
	Name: "visits", Version: 1, Log: "door", Main: "visits",
	Project: func(tx *projections.Tx, _ eventstore.Commit, events []eventstore.Recorded) error {
		for _, e := range events {
			n, _ := binary.Uvarint(tx.Get("visits", []byte(e.Aggregate)))
			tx.Put("visits", []byte(e.Aggregate), binary.AppendUvarint(nil, n+1))
			tx.Changed(e.Aggregate)
		}
		return nil
	},
}

// door is a log that holds three messages: what a jsstore.Store is for real.
type door struct{}

func (door) Follow(ctx context.Context, _ string, after uint64, f func(eventstore.Batch) error) error {
	for position := after + 1; position <= 3; position++ {
		b, _, err := door{}.At(ctx, "door", position)
		if err == nil {
			err = f(b)
		}
		if err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (door) Head(context.Context, string) (uint64, error) { return 3, nil }

func (door) At(_ context.Context, _ string, position uint64) (eventstore.Batch, bool, error) {
	who := []string{"ada", "grace", "ada"}[position-1]
	data, err := proto.Marshal(wrapperspb.String("came in"))
	c := &logv1.Commit{Id: fmt.Sprint("c", position), Tenant: "acme", Events: []*logv1.Event{
		{Type: "google.protobuf.StringValue", Aggregate: who, Revision: 1, Data: data},
	}}
	return eventstore.Batch{Position: position, Group: c.Id, Commits: []eventstore.Commit{{Position: position, Commit: c}}}, true, err
}

func Example() {
	dir, err := os.MkdirTemp("", "views")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	r, err := projections.Open(projections.Config{Dir: dir, Source: door{}}, visits)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	go r.Run(context.Background())

	// A write answered with its position, 3; what is read now has seen it.
	if err := r.View().WaitFor(context.Background(), 3); err != nil {
		fmt.Println(err)
		return
	}
	err = r.View().Read(func(tx *projections.ReadTx) error {
		for who, raw := range tx.Ascend("visits", nil, nil) {
			n, _ := binary.Uvarint(raw)
			fmt.Printf("%s came %d times\n", who, n)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// ada came 2 times
	// grace came 1 times
}
