package main

import (
	"context"
	"io"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

// receipted is the answer to a command on an order.
type receipted interface {
	proto.Message
	GetReceipt() *orderv1.OrderReceipt
}

// clientOf builds a client of a service.
type clientOf[C any] func(connect.HTTPClient, string, ...connect.ClientOption) C

// act sends a command on an order and prints its receipt, after what else there
// is to say about the answer.
func act[C any, Q interface{ GetOrderId() string }, R receipted](
	a *app, ctx context.Context, build clientOf[C], call func(C, context.Context, Q) (R, error), req Q, also ...func(w io.Writer, res R),
) error {
	client, err := dial(a, build)
	if err != nil {
		return err
	}
	res, err := call(client, ctx, req)
	if err != nil {
		return err
	}
	return a.show(res, func(w io.Writer) {
		for _, say := range also {
			say(w, res)
		}
		if res.GetReceipt() == nil {
			return
		}
		printStored(w, req.GetOrderId(), res.GetReceipt())
		if res.GetReceipt().GetRepeated() {
			field(w, "Repeated", "an earlier request with this key did it")
		}
	})
}

// changing sends a command of the change service.
func changing[Q interface{ GetOrderId() string }, R receipted](
	a *app, cmd *cobra.Command, call func(orderv1connect.ChangeServiceClient, context.Context, Q) (R, error), req Q, also ...func(io.Writer, R),
) error {
	return act(a, cmd.Context(), orderv1connect.NewChangeServiceClient, call, req, also...)
}

// orderFlags are the flags that every command on an order has.
func orderFlags(f *pflag.FlagSet, key *string, revision *uint64) {
	f.StringVar(key, "key", "", "idempotency key: the same request again is answered again")
	f.Uint64Var(revision, "revision", 0, "refuse unless the order has this revision")
}

// atLeast wants some arguments, and allows more.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usageError("%s needs %s; see %s --help", cmd.CommandPath(), strings.Join(names, " "), cmd.CommandPath())
		}
		return nil
	}
}

// parseUnits reads LINE=UNITS, or LINE for one unit.
func parseUnits(texts []string) (all []*orderv1.ItemQuantity, err error) {
	for _, text := range texts {
		item, units, given := strings.Cut(text, "=")
		n := int64(1)
		if given {
			if n, err = strconv.ParseInt(units, 10, 64); err != nil {
				return nil, usageError("%q: must be LINE=UNITS", text)
			}
		}
		all = append(all, &orderv1.ItemQuantity{ItemId: item, Quantity: n})
	}
	return all, nil
}

// current reads an order, for commands that replace a part of it or need its
// currency.
func (a *app) current(ctx context.Context, id string) (*orderv1.Order, error) {
	client, err := a.orders()
	if err != nil {
		return nil, err
	}
	res, err := client.GetOrder(ctx, &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}, Latest: true})
	return res.GetOrder(), err
}

// revising reads an order, lets change make a request of it and sends that with
// the revision that was read. If the order has another one meanwhile, all of it
// is done again: what was changed in between is kept. A revision that the caller
// gave is his own business.
func (a *app) revising(ctx context.Context, id string, revision *uint64, change func(*orderv1.Order) error) error {
	given := *revision != 0
	for tries := 0; ; tries++ {
		o, err := a.current(ctx, id)
		if err != nil {
			return err
		}
		if !given {
			*revision = o.GetRevision()
		}
		err = change(o)
		if given || tries == 10 || reasonOf(err) != "revision_mismatch" {
			return err
		}
	}
}

// transportFlags say how a package travels.
func transportFlags(f *pflag.FlagSet, to *orderv1.Transport) {
	f.StringVar(&to.Carrier, "carrier", "", "who carries it")
	f.StringVar(&to.TrackingNumber, "tracking", "", "tracking number")
	f.Int64Var(&to.ShipMethodId, "ship-method", 0, "number of the shipping method")
	f.StringVar(&to.BinName, "bin", "", "bin that it leaves from")
}

// transportGiven is how a package travels, if anything was said of it.
func transportGiven(t *orderv1.Transport) *orderv1.Transport {
	if proto.Equal(t, &orderv1.Transport{}) {
		return nil
	}
	return t
}
