package eventstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/natsembed"
)

// account is the state of an aggregate: a balance.
type account int64

// withdraw is a command: it looks at the state and answers with events.
type withdraw struct{ Units int64 }

// Decide implements eventstore.Command.
func (w withdraw) Decide(a account) ([]proto.Message, error) {
	if int64(a) < w.Units {
		return nil, fault.New(fault.Precondition, "insufficient", "the balance is %d", a)
	}
	return []proto.Message{wrapperspb.Int64(-w.Units)}, nil
}

// deposit is another.
type deposit struct{ Units int64 }

// Decide implements eventstore.Command.
func (d deposit) Decide(account) ([]proto.Message, error) {
	return []proto.Message{wrapperspb.Int64(d.Units)}, nil
}

// A log runs commands on the state that its events fold into. The same
// idempotency key runs a command once.
func ExampleLog() {
	ctx := context.Background()
	store, end := openStore()
	defer end()
	log, err := jsstore.OpenLog(ctx, store, eventstore.Definition[account]{
		Name: "account", Version: 1,
		New: func(string, uint64) account { return 0 },
		Evolve: func(a account, e proto.Message) account {
			return a + account(e.(*wrapperspb.Int64Value).GetValue())
		},
		Commands: []any{withdraw{}, deposit{}},
	}, nil)
	if err != nil {
		panic(err)
	}

	meta := eventstore.Meta{Tenant: "default", Key: "first"}
	res, err := log.Execute(ctx, meta, "ann", deposit{Units: 10})
	fmt.Println("revision", res.Revision, "balance", res.States["ann"], err)
	res, err = log.Execute(ctx, meta, "ann", deposit{Units: 10})
	fmt.Println("repeated", res.Repeated, "revision", res.Revision, err)
	_, err = log.Execute(ctx, eventstore.Meta{Tenant: "default"}, "ann", withdraw{Units: 11})
	fmt.Println(fault.ReasonOf(err), "-", err)
	snap, err := log.Read(ctx, "default", "ann", "ann")
	fmt.Println("balance", snap.State, err)
	// Output:
	// revision 1 balance 10 <nil>
	// repeated true revision 1 <nil>
	// insufficient - the balance is 10
	// balance 10 <nil>
}

// openStore runs a store on a server of its own.
func openStore() (*jsstore.Store, func()) {
	dir, err := os.MkdirTemp("", "oms-example-")
	if err != nil {
		panic(err)
	}
	srv, err := natsembed.Start(natsembed.Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	nc, err := srv.Connect()
	if err != nil {
		panic(err)
	}
	s, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(dir, "state")})
	if err != nil {
		panic(err)
	}
	return s, func() {
		s.Close()
		nc.Close()
		_ = srv.Stop(context.Background())
		_ = os.RemoveAll(dir)
	}
}
