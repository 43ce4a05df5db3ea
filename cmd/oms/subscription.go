package main

import (
	"cmp"
	"context"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/gen/oms/customer/v1/customerv1connect"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

func newSubscription(a *app) *cobra.Command {
	return group("subscription", "Manage subscriptions, which order again and again",
		newSubscriptionCreate(a), newSubscriptionUpdate(a), newSubscriptionPause(a), newSubscriptionResume(a), newSubscriptionVoid(a),
		newSubscriptionGet(a), newSubscriptionList(a))
}

// subscriptionFlags are the flags for what is said of a subscription.
type subscriptionFlags struct {
	name, currency, every, gateway, token, ends string

	lines   []string
	day     int64
	address orderv1.Address
}

func (s *subscriptionFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&s.name, "name", "", "name for people")
	f.StringArrayVar(&s.lines, "sku", nil, "line as SKU=QUANTITY@PRICE, or SKU@PRICE for one unit; may be repeated, and then says all of them")
	f.StringVar(&s.currency, "currency", "", "ISO 4217 code of the prices")
	f.StringVar(&s.every, "every", "", "how often it orders: day, 10-days, week, 2-weeks, month, 3-months")
	f.Int64Var(&s.day, "day", 0, "day of the month, with --every month; in a shorter month it is the last day")
	f.StringVar(&s.gateway, "gateway", "", "gateway that pays; empty takes that of orders")
	f.StringVar(&s.token, "payment-token", "", "token of the payment method")
	f.StringVar(&s.ends, "ends", "", "from then on it does not order: a time, or a duration from now")
	f.StringVar(&s.address.Line1, "line1", "", "first street line")
	f.StringVar(&s.address.Line2, "line2", "", "second street line")
	f.StringVar(&s.address.City, "city", "", "city or town")
	f.StringVar(&s.address.Region, "region", "", "state, county or region")
	f.StringVar(&s.address.PostalCode, "postal-code", "", "zip or postal code")
	f.StringVar(&s.address.CountryCode, "country", "", "ISO 3166-1 code, such as GB")
}

// parse reads what was given, as a change; what was not given is absent.
func (s *subscriptionFlags) parse(cmd *cobra.Command, to *customerv1.UpdateSubscriptionRequest) (err error) {
	to.Name = given(cmd, "name", &s.name)
	for _, text := range s.lines {
		l, err := parseLine(text, s.currency)
		if err != nil {
			return err
		}
		if to.Items == nil {
			to.Items = &customerv1.SubscriptionItems{}
		}
		to.Items.Items = append(to.Items.Items, &customerv1.SubscriptionItem{SkuId: l.GetSkuId(), Quantity: l.GetQuantity(), UnitPrice: l.GetUnitPrice()})
	}
	if s.gateway != "" || s.token != "" {
		to.Payment = &customerv1.SubscriptionPayment{Gateway: s.gateway, Token: s.token}
	}
	if !proto.Equal(&s.address, &orderv1.Address{}) {
		to.ShippingAddress = &s.address
	}
	if s.every != "" {
		if to.Schedule, err = parseEvery(s.every); err != nil {
			return err
		}
		to.Schedule.DayOfMonth = s.day
	} else if s.day != 0 {
		return usageError("--day: goes with --every month")
	}
	to.EndsAt, err = parseTime("ends", s.ends, ahead)
	return err
}

// parseEvery reads an interval such as month and 2-weeks.
func parseEvery(text string) (*customerv1.Schedule, error) {
	count, unit, counted := strings.Cut(text, "-")
	n := int64(1)
	if counted {
		var err error
		if n, err = strconv.ParseInt(count, 10, 64); err != nil || n < 1 {
			return nil, usageError("--every: %q does not begin with a number", text)
		}
	} else {
		unit = text
	}
	u, err := parseWord(customerv1.IntervalUnit(0).Descriptor(), strings.TrimSuffix(unit, "s"))
	if err != nil {
		return nil, usageError("--every: %w", err)
	}
	return &customerv1.Schedule{Unit: customerv1.IntervalUnit(u), Every: n}, nil
}

// answeredSubscription is an answer that carries a subscription.
type answeredSubscription interface {
	proto.Message
	GetSubscription() *customerv1.Subscription
}

// changeSubscription calls the service and shows the subscription.
func changeSubscription[R answeredSubscription](
	a *app, ctx context.Context, call func(context.Context, customerv1connect.CustomerServiceClient) (R, error),
) error {
	client, err := a.customers()
	if err != nil {
		return err
	}
	res, err := call(ctx, client)
	if err != nil {
		return err
	}
	return a.show(res, func(w io.Writer) { printSubscription(w, res.GetSubscription()) })
}

func newSubscriptionCreate(a *app) *cobra.Command {
	var s subscriptionFlags
	var first, key string
	cmd := &cobra.Command{
		Use:   "create ASSOCIATE [ID] --sku SKU=QUANTITY@PRICE ... --currency CODE --every INTERVAL",
		Short: "Subscribe an account",
		Long: `Subscribe an account. It orders first at the time of --first, which is now when
it is not given, and then in every interval; times are in UTC.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError("%s needs ASSOCIATE, and takes an ID; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		Example: `  oms subscription create ann --sku TEA=2@9.99 --currency USD --every month --day 31
  oms subscription create ann ann-coffee --name Coffee --sku COFFEE@24.50 --currency USD --every 2-weeks --first 72h --payment-token tok_1`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			var u customerv1.UpdateSubscriptionRequest
			if err := s.parse(cmd, &u); err != nil {
				return err
			}
			req := &customerv1.CreateSubscriptionRequest{
				IdempotencyKey: key, AssociateId: args[0], SubscriptionId: strings.Join(args[1:], ""), Name: u.GetName(), Items: u.GetItems(),
				Payment: u.GetPayment(), ShippingAddress: u.GetShippingAddress(), Schedule: u.GetSchedule(), EndsAt: u.GetEndsAt(),
			}
			if req.FirstRunAt, err = parseTime("first", first, ahead); err != nil {
				return err
			}
			return changeSubscription(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.CreateSubscriptionResponse, error) {
				return c.CreateSubscription(ctx, req)
			})
		},
	}
	s.flags(cmd.Flags())
	cmd.Flags().StringVar(&first, "first", "", "when it orders first: a time, or a duration from now; empty is now")
	cmd.Flags().StringVar(&key, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}

func newSubscriptionUpdate(a *app) *cobra.Command {
	var s subscriptionFlags
	var next string
	var req customerv1.UpdateSubscriptionRequest
	cmd := &cobra.Command{
		Use:   "update ID",
		Short: "Change what is ordered, when, where to and how it is paid",
		Long: `Change what is ordered, when, where to and how it is paid. What is not given stays
as it is; another interval counts from the next run on.`,
		Args: exactly("ID"),
		Example: `  oms subscription update ann-coffee --next 2026-12-24
  oms subscription update ann-coffee --sku COFFEE=2@24.50 --currency USD --revision 3`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := s.parse(cmd, &req); err != nil {
				return err
			}
			if req.NextRunAt, err = parseTime("next", next, ahead); err != nil {
				return err
			}
			req.SubscriptionId = args[0]
			return changeSubscription(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.UpdateSubscriptionResponse, error) {
				return c.UpdateSubscription(ctx, &req)
			})
		},
	}
	s.flags(cmd.Flags())
	cmd.Flags().StringVar(&next, "next", "", "when it orders next: a time, or a duration from now")
	cmd.Flags().BoolVar(&req.ClearEndsAt, "no-end", false, "it orders for ever, whatever its end was")
	writeFlags(cmd.Flags(), "subscription", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newSubscriptionPause(a *app) *cobra.Command {
	var req customerv1.PauseSubscriptionRequest
	cmd := &cobra.Command{
		Use: "pause ID", Short: "Stop ordering until it is resumed", Args: exactly("ID"),
		Example: `  oms subscription pause ann-coffee --reason "on holiday"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.SubscriptionId = args[0]
			return changeSubscription(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.PauseSubscriptionResponse, error) {
				return c.PauseSubscription(ctx, &req)
			})
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for people")
	writeFlags(cmd.Flags(), "subscription", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newSubscriptionResume(a *app) *cobra.Command {
	var req customerv1.ResumeSubscriptionRequest
	cmd := &cobra.Command{
		Use: "resume ID", Short: "Order again, from the next run that lies ahead", Args: exactly("ID"),
		Example: `  oms subscription resume ann-coffee`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.SubscriptionId = args[0]
			return changeSubscription(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.ResumeSubscriptionResponse, error) {
				return c.ResumeSubscription(ctx, &req)
			})
		},
	}
	writeFlags(cmd.Flags(), "subscription", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newSubscriptionVoid(a *app) *cobra.Command {
	var req customerv1.VoidSubscriptionRequest
	cmd := &cobra.Command{
		Use: "void ID", Short: "End a subscription for good", Args: exactly("ID"),
		Example: `  oms subscription void ann-coffee --reason "moved abroad"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.SubscriptionId = args[0]
			return changeSubscription(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.VoidSubscriptionResponse, error) {
				return c.VoidSubscription(ctx, &req)
			})
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for people")
	writeFlags(cmd.Flags(), "subscription", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newSubscriptionGet(a *app) *cobra.Command {
	var number int64
	var req customerv1.GetSubscriptionRequest
	cmd := &cobra.Command{
		Use:   "get (ID | --number NUMBER)",
		Short: "Show a subscription",
		Args:  cobra.ArbitraryArgs,
		Example: `  oms subscription get ann-coffee
  oms subscription get --number 4711`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (number != 0) || len(args) > 1 {
				return usageError("give either an ID or --number; see %s --help", cmd.CommandPath())
			}
			req.Key = &customerv1.GetSubscriptionRequest_SubscriptionId{SubscriptionId: strings.Join(args, "")}
			if number != 0 {
				req.Key = &customerv1.GetSubscriptionRequest_Number{Number: number}
			}
			return changeSubscription(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.GetSubscriptionResponse, error) {
				return c.GetSubscription(ctx, &req)
			})
		},
	}
	cmd.Flags().Int64Var(&number, "number", 0, "number of the subscription")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func newSubscriptionList(a *app) *cobra.Command {
	const page = 1000
	var req customerv1.ListSubscriptionsRequest
	var status string
	var limit int
	cmd := &cobra.Command{
		Use:   "list [ASSOCIATE]",
		Short: "List subscriptions, by account or by when they order next",
		Args:  atMost("ASSOCIATE"),
		Example: `  oms subscription list ann
  oms subscription list --due --limit 10`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			if status != "" {
				n, err := parseWord(customerv1.SubscriptionStatus(0).Descriptor(), status)
				if err != nil {
					return err
				}
				req.Status = customerv1.SubscriptionStatus(n)
			}
			req.AssociateId = strings.Join(args, "")
			client, err := a.customers()
			if err != nil {
				return err
			}
			t := a.table("ID", "NUMBER", "ACCOUNT", "NAME", "STATUS", "NEXT RUN", "EVERY", "RUNS", "REVISION")
			for left := cmp.Or(limit, math.MaxInt); left > 0; {
				req.PageSize = int32(min(left, page))
				res, err := client.ListSubscriptions(cmd.Context(), &req)
				if err != nil {
					return err
				}
				for _, s := range res.GetSubscriptions() {
					if err := t.add(s, s.GetSubscriptionId(), s.GetNumber(), s.GetAssociateId(), s.GetName(), word(s.GetStatus()), when(s.GetNextRunAt()), every(s.GetInterval()), s.GetRuns(), s.GetRevision()); err != nil {
						return err
					}
				}
				left -= len(res.GetSubscriptions())
				if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			return t.end()
		},
	}
	cmd.Flags().BoolVar(&req.ByNextRun, "due", false, "those that will order, the first to do so first")
	cmd.Flags().StringVar(&status, "status", "", "only active, paused or void ones")
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most; 0 lists all")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

// every is an interval as --every reads it.
func every(i *customerv1.Interval) string {
	if i.GetEvery() == 1 {
		return word(i.GetUnit())
	}
	return strconv.FormatInt(i.GetEvery(), 10) + "-" + word(i.GetUnit()) + "s"
}

func printSubscription(w io.Writer, s *customerv1.Subscription) {
	field(w, "Subscription", s.GetSubscriptionId())
	field(w, "Number", s.GetNumber())
	field(w, "Name", s.GetName())
	field(w, "Account", s.GetAssociateId()+", number "+strconv.FormatInt(s.GetAssociateNumber(), 10))
	field(w, "Status", word(s.GetStatus()))
	for n, l := range s.GetLines() {
		price := amount(&moneyv1.Money{CurrencyCode: s.GetCurrencyCode(), MinorUnits: l.GetUnitPriceMinor()})
		field(w, "Line "+strconv.Itoa(n+1), strings.Join(nonEmpty(strconv.FormatInt(l.GetQuantity(), 10)+" x "+l.GetSkuId(), l.GetName(), price), ", "))
	}
	field(w, "Every", every(s.GetInterval()))
	if d := s.GetInterval().GetDayOfMonth(); d != 0 {
		field(w, "Day of the month", d)
	}
	field(w, "Next run", when(s.GetNextRunAt()))
	field(w, "Ends", when(s.GetEndsAt()))
	field(w, "Gateway", s.GetPaymentGateway())
	to := s.GetShippingAddress()
	field(w, "To", strings.Join(nonEmpty(to.GetLine1(), to.GetLine2(), to.GetCity(), to.GetRegion(), to.GetPostalCode(), to.GetCountryCode()), ", "))
	field(w, "Runs", s.GetRuns())
	field(w, "Order under way", s.GetPendingOrderId())
	field(w, "Last order", s.GetLastOrderId())
	field(w, "Last refusal", s.GetLastRefusal())
	field(w, "Revision", s.GetRevision())
}
