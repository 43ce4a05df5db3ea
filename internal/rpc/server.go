package rpc

import (
	"context"
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/gen/oms/customer/v1/customerv1connect"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/gen/oms/log/v1/logv1connect"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/gen/oms/payment/v1/paymentv1connect"
	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	"github.com/orderstream/oms/gen/oms/projection/v1/projectionv1connect"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/gen/oms/promotion/v1/promotionv1connect"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/gen/oms/saga/v1/sagav1connect"
	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/promotion"
)

// Config is what the API stands on. The logs, the views and the guard are
// required.
type Config struct {
	Guard *auth.Guard

	Orders     eventstore.Log[order.Order]
	Inventory  eventstore.Log[inventory.Item]
	Promotions eventstore.Log[promotion.State]
	Payments   eventstore.Log[payment.Payment]
	Customers  eventstore.Log[customer.State]
	Events     Events
	// Deliveries serves endpoints and deliveries.
	Deliveries DeliveryConfig
	// DscoAccount is the account of a tenant at Dsco; nil asks nobody who he is.
	DscoAccount func(tenant string) endpoint.Account
	// Unfinished lists the orders with unfinished work in all partitions of the
	// log, first to wake first; nil asks the log, which knows those that this
	// process owns.
	Unfinished func(ctx context.Context, due time.Time, limit int) ([]eventstore.Snapshot[order.Order], error)

	OrderView    OrderView
	StockView    StockView
	PaymentView  PaymentView
	CustomerView CustomerView
	Projections  Projections

	// Script is the simulated gateway; nil when it is not enabled.
	Script Scripter
	// CaptureAt is when the payment of an order is taken that does not say;
	// unspecified is at confirm.
	CaptureAt orderv1.CaptureAt
	// DefaultGateway is that of payments that do not say; empty leaves it to the
	// order.
	DefaultGateway string
	// ReturnWindow is how long after units have left they may be returned; 0
	// means for ever.
	ReturnWindow time.Duration

	// OpenAPI is served as /openapi.yaml; empty serves none.
	OpenAPI []byte
	// Ready says why the process cannot serve yet; nil is always ready.
	Ready func(context.Context) error
	// MaxBody is the largest request in bytes; 0 means DefaultMaxBody.
	MaxBody int64
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Hooks see the calls.
	Hooks Hooks
}

// Hooks see the API at work; each may be nil.
type Hooks struct {
	// Called: a call came to an end, with code 0 when all went well.
	Called func(ctx context.Context, procedure string, code connect.Code, took time.Duration)
	// Calling: a call that was let in begins, in the trace context that its
	// headers name, if any. What it does carries the one that comes back; ended
	// is called with the code that Called is told.
	Calling func(procedure, tenant, traceparent string) (next string, ended func(connect.Code))
}

// files have the services of the API.
var files = []protoreflect.FileDescriptor{
	orderv1.File_oms_order_v1_service_proto, orderv1.File_oms_order_v1_change_service_proto,
	orderv1.File_oms_order_v1_fulfilment_service_proto, orderv1.File_oms_order_v1_return_service_proto, orderv1.File_oms_order_v1_query_service_proto,
	inventoryv1.File_oms_inventory_v1_service_proto,
	promotionv1.File_oms_promotion_v1_service_proto, paymentv1.File_oms_payment_v1_service_proto,
	sagav1.File_oms_saga_v1_service_proto, projectionv1.File_oms_projection_v1_service_proto,
	logv1.File_oms_log_v1_service_proto, customerv1.File_oms_customer_v1_service_proto,
	deliveryv1.File_oms_delivery_v1_service_proto, deliveryv1.File_oms_delivery_v1_dsco_proto,
}

// API is the whole API as one http.Handler.
type API struct {
	http.Handler
	stop context.CancelCauseFunc
}

// New builds the API. It compiles the rules of all requests, which takes some
// milliseconds.
func New(cfg Config) (*API, error) {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	if cfg.Unfinished == nil {
		cfg.Unfinished = cfg.Orders.Active
	}
	if cfg.Now == nil {
		cfg.Now = time.Now //nolint:forbidigo // the default clock
	}
	names, requests := described()
	rules, err := newValidator(requests)
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancelCause(context.Background())
	calls := http.NewServeMux()
	mount(calls, cfg, options(cfg, rules, life))

	mux := http.NewServeMux()
	for _, name := range names {
		mux.Handle("/"+name+"/", helpful(limitBodies(cfg.MaxBody, bodyTimeout, calls)))
	}
	small := connect.WithReadMaxBytes(64 << 10)
	reflector := grpcreflect.NewStaticReflector(append(names, grpchealth.HealthV1ServiceName)...)
	mux.Handle(grpcreflect.NewHandlerV1(reflector, small))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector, small))
	mux.Handle(grpchealth.NewHandler(health{cfg.Ready, names}, small))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", readyz(cfg.Ready))
	if len(cfg.OpenAPI) > 0 {
		mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/yaml")
			_, _ = w.Write(cfg.OpenAPI)
		})
	}
	return &API{Handler: correlate(mux), stop: stop}, nil
}

// Stop ends the calls that go on by themselves, watching and tailing, so that
// a server can shut down. Other calls are not touched.
func (a *API) Stop() { a.stop(errStopping) }

var errStopping = fault.New(fault.Unavailable, "shutting_down", "the service is stopping: call again")

// compressFrom is the size from which an answer is compressed for a caller who
// can read that; below it the work costs more than the bytes.
const compressFrom = 16 << 10

// options are the same for every call; the first interceptor is the outermost.
func options(cfg Config, rules validator, life context.Context) connect.HandlerOption {
	decode := newDecoder()
	return connect.WithHandlerOptions(append(decode.options(),
		limitGzip(cfg.MaxBody), connect.WithCompressMinBytes(compressFrom),
		connect.WithRequestGate(gate{cfg.Guard}.admit),
		connect.WithInterceptors(outcome{cfg.Now, cfg.Hooks}, ending{life}, decode, rules),
	)...)
}

func mount(mux *http.ServeMux, cfg Config, opts connect.HandlerOption) {
	reads := orderReads{log: cfg.Orders, view: cfg.OrderView, now: cfg.Now, stored: cfg.Events}
	writes := orders{reads, cfg.Customers, cfg.CaptureAt, cfg.DefaultGateway}
	mux.Handle(orderv1connect.NewOrderServiceHandler(writes, opts))
	mux.Handle(orderv1connect.NewChangeServiceHandler(changes{writes}, opts))
	mux.Handle(orderv1connect.NewFulfilmentServiceHandler(fulfilment{writes}, opts))
	mux.Handle(orderv1connect.NewOrderQueryServiceHandler(queries{reads}, opts))
	mux.Handle(orderv1connect.NewReturnServiceHandler(returns{writes, cfg.ReturnWindow}, opts))
	mux.Handle(inventoryv1connect.NewInventoryServiceHandler(stock{cfg.Inventory, cfg.StockView, cfg.Now}, opts))
	mux.Handle(promotionv1connect.NewPromotionServiceHandler(promotions{cfg.Promotions}, opts))
	mux.Handle(customerv1connect.NewCustomerServiceHandler(customers{cfg.Customers, cfg.CustomerView, cfg.Now}, opts))
	mux.Handle(deliveryv1connect.NewDeliveryServiceHandler(deliveries{cfg.Deliveries, cfg.Events, cfg.Now}, opts))
	mux.Handle(deliveryv1connect.NewDscoServiceHandler(newDscoService(deliveries{cfg.Deliveries, cfg.Events, cfg.Now}, cfg.DscoAccount), opts))
	mux.Handle(paymentv1connect.NewPaymentServiceHandler(payments{cfg.Payments, cfg.Orders, cfg.PaymentView, cfg.Now, cfg.Script}, opts))
	mux.Handle(sagav1connect.NewSagaServiceHandler(sagas{cfg.Orders, cfg.Unfinished, cfg.Now}, opts))
	mux.Handle(projectionv1connect.NewProjectionServiceHandler(projectionService{cfg.Projections}, opts))
	mux.Handle(logv1connect.NewLogServiceHandler(events{reads}, opts))
}

// described returns the names of the services and their requests.
func described() (names []string, requests []protoreflect.MessageDescriptor) {
	for _, f := range files {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			names = append(names, string(s.FullName()))
			for j := range s.Methods().Len() {
				requests = append(requests, s.Methods().Get(j).Input())
			}
		}
	}
	return names, requests
}

// ending ends streams when the service stops.
type ending struct{ life context.Context } //nolint:containedctx // it is what a stream ends with

// WrapUnary changes nothing: such calls are short.
func (e ending) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

// WrapStreamingHandler gives a stream a context that ends with the service.
func (e ending) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(e.life, func() { cancel(context.Cause(e.life)) })() //nolint:contextcheck // the end of the service, not of the call
		err := next(ctx, conn)
		if cause := context.Cause(ctx); errors.Is(cause, errStopping) && err != nil {
			return cause
		}
		return err
	}
}

// WrapStreamingClient changes nothing: this is a server.
func (e ending) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}
