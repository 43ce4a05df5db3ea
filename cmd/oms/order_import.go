package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

func newOrderImport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE.jsonl",
		Short: "Take over orders that were sold elsewhere",
		Long: `Take over orders that were sold elsewhere: they are confirmed as they come, and
neither stock nor money of theirs is touched. Each line of the file is an
ImportOrderRequest as JSON: "order" as in "oms order create -f", and "settled",
what was paid for it already by payment item id. "-" reads standard input.

A line without an idempotency key gets one from its content, so the same file
again imports nothing twice. Orders that are refused are listed and stop nothing;
the exit code is 4 then.`,
		Args: exactly("FILE"),
		Example: `  oms order import sold-elsewhere.jsonl
  jq -c '{order: .}' orders.json | oms order import -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := read(args[0], a.in)
			if err != nil {
				return err
			}
			reqs, err := imports(raw)
			if err != nil {
				return usageError("%s: %w", args[0], err)
			}
			return a.importOrders(cmd.Context(), reqs)
		},
	}
	return cmd
}

// imports reads the lines of a file. Line numbers count from 1.
func imports(raw []byte) (reqs []*orderv1.ImportOrdersRequest, err error) {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, len(raw)+1)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		req := &orderv1.ImportOrderRequest{}
		if err := protojson.Unmarshal(line, req); err != nil {
			return nil, fmt.Errorf("line %d is not an order to import: %s", n, strings.ReplaceAll(err.Error(), "\u00a0", " "))
		}
		if req.GetOrder() == nil {
			return nil, fmt.Errorf("line %d has no order", n)
		}
		if req.GetOrder().GetIdempotencyKey() == "" {
			sum := sha256.Sum256(line)
			req.Order.IdempotencyKey = "import/" + hex.EncodeToString(sum[:16])
		}
		reqs = append(reqs, &orderv1.ImportOrdersRequest{Order: req})
	}
	return reqs, lines.Err()
}

func (a *app) importOrders(ctx context.Context, reqs []*orderv1.ImportOrdersRequest) error {
	client, err := a.orders()
	if err != nil {
		return err
	}
	stream, err := client.ImportOrders(ctx)
	if err != nil {
		return err
	}
	bar := newCounter(a.err, "orders", len(reqs))
	for n, req := range reqs {
		if err := stream.Send(req); err != nil {
			if !errors.Is(err, io.EOF) { // else the answer says why
				bar.stop()
				return err
			}
			break
		}
		bar.set(n + 1)
	}
	bar.stop()
	res, err := stream.CloseAndReceive()
	if err != nil {
		return err
	}
	err = a.show(res, func(w io.Writer) {
		field(w, "Imported", res.GetImported())
		field(w, "Known before", res.GetRepeated())
		field(w, "Refused", res.GetRefused())
		field(w, "Position", res.GetPosition())
		if len(res.GetRefusals()) > 0 {
			fmt.Fprintln(w)
			row(w, "ORDER", "REFERENCE", "REASON", "MESSAGE")
		}
		for _, r := range res.GetRefusals() {
			row(w, r.GetIndex()+1, r.GetReference(), r.GetReason(), r.GetMessage())
		}
	})
	if n := res.GetRefused(); err == nil && n > 0 {
		return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf("%d of %d orders were refused", n, len(reqs)))
	}
	return err
}
