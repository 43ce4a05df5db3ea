package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
)

// draft is an order as the flags describe it.
type draft struct {
	file          string
	lines, promos []string
	currency      string
	customer      string
	associate     string
	email         string
	reference     string
	paymentToken  string
	onDecline     string
	captureAt     string
	key           string
	watch         bool
}

func newOrderCreate(a *app) *cobra.Command {
	var d draft
	cmd := &cobra.Command{
		Use:   "create (-f FILE | --sku SKU=QUANTITY@PRICE ... --currency CODE)",
		Short: "Place an order, from a file or from flags",
		Long: `Place an order. A file holds a CreateOrderRequest as JSON, the body that the API
takes; "-" reads standard input. For a quick order, flags are enough.

With --key the same command again is answered again and places no second order.`,
		Args: none,
		Example: `  oms order create --sku A=2@9.99 --sku B@24.50 --currency USD
  oms order create --sku A=1@9.99 --currency USD --payment-token tok_decline --watch
  oms order create -f order.json --key checkout-4711
  jq '.items[0].quantity = 3' order.json | oms order create -f -`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			req, err := d.request(a.in)
			if err != nil {
				return err
			}
			client, err := a.orders()
			if err != nil {
				return err
			}
			res, err := client.CreateOrder(cmd.Context(), req)
			if err != nil {
				return err
			}
			if err := a.show(res, func(w io.Writer) { printCreated(w, res) }); err != nil || !d.watch {
				return err
			}
			return a.watchOrder(cmd.Context(), &orderv1.WatchOrderRequest{OrderId: res.GetOrderId(), MinPosition: res.GetPosition()}, settled)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&d.file, "file", "f", "", `file with the order as JSON; "-" is standard input`)
	f.StringArrayVar(&d.lines, "sku", nil, "line as SKU=QUANTITY@PRICE, or SKU@PRICE for one unit; may be repeated")
	f.StringVar(&d.currency, "currency", "", "ISO 4217 code of the prices")
	f.StringVar(&d.customer, "customer", "", "customer id; without one the order is a guest's")
	f.StringVar(&d.associate, "associate", "", "id of the account that the order counts for")
	f.StringVar(&d.email, "email", "", "e-mail address of the customer")
	f.StringVar(&d.reference, "reference", "", "own reference, such as a purchase order number")
	f.StringArrayVar(&d.promos, "promo", nil, "promo code, or CODE:CONFIRMATION; may be repeated")
	f.StringVar(&d.paymentToken, "payment-token", "", "token of the payment method")
	f.StringVar(&d.onDecline, "on-decline", "", "what a declined payment does: hold or undo; empty leaves it to the service")
	f.StringVar(&d.captureAt, "capture-at", "", "when the payment is taken: confirm or ship; empty leaves it to the service")
	f.StringVar(&d.key, "key", "", "idempotency key: the same request again is answered again")
	f.BoolVar(&d.watch, "watch", false, "show every change until the checkout has come to an end or waits")
	return cmd
}

// settled reports whether a checkout has come to an end, or waits for somebody.
func settled(o *orderv1.Order) bool {
	return o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_SUBMITTED || o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD
}

func printCreated(w io.Writer, r *orderv1.CreateOrderResponse) {
	field(w, "Order", r.GetOrderId())
	field(w, "Number", r.GetOrderNumber())
	field(w, "Status", word(r.GetStatus()))
	field(w, "Total", amount(r.GetTotal()))
	field(w, "Position", r.GetPosition())
	if r.GetRepeated() {
		field(w, "Repeated", "an earlier request with this key placed the order")
	}
}

// request is what is sent.
func (d draft) request(stdin io.Reader) (*orderv1.CreateOrderRequest, error) {
	switch {
	case (d.file == "") == (len(d.lines) == 0):
		return nil, usageError("give the order as --file, or its lines as --sku")
	case d.file == "":
		return d.quick()
	}
	raw, err := read(d.file, stdin)
	if err != nil {
		return nil, err
	}
	req := &orderv1.CreateOrderRequest{}
	if err := protojson.Unmarshal(raw, req); err != nil {
		return nil, usageError("%s is not an order: %s", d.file, strings.ReplaceAll(err.Error(), "\u00a0", " "))
	}
	if d.key != "" {
		req.IdempotencyKey = d.key
	}
	return req, nil
}

func read(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the user names it
	if err != nil {
		return nil, usageError("%w", err)
	}
	return raw, nil
}

// quick is an order from flags.
func (d draft) quick() (*orderv1.CreateOrderRequest, error) {
	req := &orderv1.CreateOrderRequest{
		IdempotencyKey: d.key, CurrencyCode: d.currency, Reference: d.reference, AssociateId: d.associate,
		Customer: &orderv1.Customer{CustomerId: d.customer, Email: d.email, Guest: d.customer == ""},
	}
	for _, text := range d.lines {
		line, err := parseLine(text, d.currency)
		if err != nil {
			return nil, err
		}
		req.Items = append(req.Items, line)
	}
	for _, text := range d.promos {
		code, confirmation, _ := strings.Cut(text, ":")
		req.PromoCodes = append(req.PromoCodes, &orderv1.PromoCode{PromoCode: code, ConfirmationCode: confirmation})
	}
	if d.paymentToken != "" {
		req.Payments = []*orderv1.PaymentItem{{Token: d.paymentToken}}
	}
	if d.onDecline != "" {
		n, err := parseWord(orderv1.PaymentDeclinePolicy(0).Descriptor(), d.onDecline)
		if err != nil {
			return nil, fmt.Errorf("--on-decline: %w", err)
		}
		req.OnPaymentDecline = orderv1.PaymentDeclinePolicy(n)
	}
	if d.captureAt != "" {
		n, err := parseWord(orderv1.CaptureAt(0).Descriptor(), d.captureAt)
		if err != nil {
			return nil, fmt.Errorf("--capture-at: %w", err)
		}
		req.CaptureAt = orderv1.CaptureAt(n)
	}
	return req, nil
}

// parseLine reads SKU=QUANTITY@PRICE. The last "@" and the last "=" before it
// count, so that a SKU may have both.
func parseLine(text, currency string) (*orderv1.LineItem, error) {
	at := strings.LastIndex(text, "@")
	if at < 0 {
		return nil, usageError("--sku %q: must be SKU=QUANTITY@PRICE", text)
	}
	price, err := money.Parse(text[at+1:], currency)
	if err != nil {
		return nil, usageError("--sku %q: price: %w", text, err)
	}
	sku, quantity := text[:at], int64(1)
	if is := strings.LastIndex(sku, "="); is >= 0 {
		if quantity, err = strconv.ParseInt(sku[is+1:], 10, 64); err != nil {
			return nil, usageError("--sku %q: %q is not a quantity", text, sku[is+1:])
		}
		sku = sku[:is]
	}
	return &orderv1.LineItem{
		SkuId: sku, Quantity: quantity, UnitPrice: &moneyv1.Money{CurrencyCode: currency, MinorUnits: price},
	}, nil
}
