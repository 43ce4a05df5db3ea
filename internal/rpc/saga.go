package rpc

import (
	"context"
	"time"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// sagas serves SagaService from the orders' own log.
type sagas struct {
	log        eventstore.Log[order.Order]
	unfinished func(ctx context.Context, due time.Time, limit int) ([]eventstore.Snapshot[order.Order], error)
	now        func() time.Time
}

const (
	defaultSagas = 100
	// scannedSagas bounds what one ListSagas reads, so that a service with a
	// million open checkouts stays answerable. Those that wait longest, and
	// those that wait for a person, are among the first.
	scannedSagas = 20_000
	// ownersWait is how long a list waits for partitions without owner, also for
	// a caller with more patience: it outlasts a lease of a process that died.
	ownersWait = 10 * time.Second
)

func (s sagas) ListSagas(ctx context.Context, req *sagav1.ListSagasRequest) (*sagav1.ListSagasResponse, error) {
	limit, tenant, now := int(req.GetLimit()), callOf(ctx).Tenant, s.now()
	if limit == 0 {
		limit = defaultSagas
	}
	ctx, cancel := context.WithTimeout(ctx, ownersWait)
	defer cancel()
	for scan := 2 * limit; ; scan *= 4 {
		scan = min(scan, scannedSagas)
		snaps, err := s.unfinished(ctx, time.Time{}, scan)
		if err != nil {
			return nil, err
		}
		res := &sagav1.ListSagasResponse{}
		for _, snap := range snaps {
			if snap.Tenant == tenant && len(res.Sagas) < limit && (!req.GetStuck() || saga.Stuck(snap.State, now)) {
				res.Sagas = append(res.Sagas, sagaOf(snap.State))
			}
		}
		if len(res.Sagas) == limit || len(snaps) < scan || scan == scannedSagas {
			return res, nil
		}
	}
}

func (s sagas) GetSaga(ctx context.Context, req *sagav1.GetSagaRequest) (*sagav1.GetSagaResponse, error) {
	id := req.GetOrderId()
	snap, err := s.log.Read(ctx, callOf(ctx).Tenant, id, id)
	if err != nil {
		return nil, err
	}
	if snap.Revision == 0 {
		return nil, orderNotFound(id)
	}
	return &sagav1.GetSagaResponse{Saga: sagaOf(snap.State)}, nil
}

func (s sagas) RetrySaga(ctx context.Context, req *sagav1.RetrySagaRequest) (*sagav1.RetrySagaResponse, error) {
	after, err := s.execute(ctx, req.GetOrderId(), order.Resume{Reason: req.GetReason()})
	if err != nil {
		return nil, err
	}
	return &sagav1.RetrySagaResponse{Saga: after}, nil
}

func (s sagas) SkipStep(ctx context.Context, req *sagav1.SkipStepRequest) (*sagav1.SkipStepResponse, error) {
	after, err := s.execute(ctx, req.GetOrderId(), order.Skip{Reason: req.GetReason()})
	if err != nil {
		return nil, err
	}
	return &sagav1.SkipStepResponse{Saga: after}, nil
}

func (s sagas) CompensateSaga(ctx context.Context, req *sagav1.CompensateSagaRequest) (*sagav1.CompensateSagaResponse, error) {
	after, err := s.execute(ctx, req.GetOrderId(), order.Compensate{Reason: req.GetReason()})
	if err != nil {
		return nil, err
	}
	return &sagav1.CompensateSagaResponse{Saga: after}, nil
}

// execute runs an operator's command, without a key: each is asked on purpose,
// and asked for what is so already it does nothing.
func (s sagas) execute(ctx context.Context, id string, c eventstore.Command[order.Order]) (*sagav1.Saga, error) {
	meta, err := metaOf(ctx, "", nil)
	if err != nil {
		return nil, err
	}
	res, err := s.log.Execute(ctx, meta, id, c)
	if err != nil {
		return nil, err
	}
	return sagaOf(res.States[id]), nil
}

func sagaOf(o order.Order) *sagav1.Saga {
	out := &sagav1.Saga{
		OrderId: o.ID, Status: statusOf(o.Status), Compensating: o.Compensating, Reason: o.Reason,
		WakesAt: timestampOf(saga.WakeAt(o)), Parked: o.Parked, StartedAt: timestampOf(o.CreatedAt),
	}
	if o.Parked {
		out.Reason = o.ParkedReason
	}
	for _, p := range o.Steps {
		step := &orderv1.CheckoutStep{
			Step: p.Step, State: stepStates[p.State], RequestId: p.RequestID, Attempts: p.Attempt,
			ResponseCode: p.Code, ResponseMessage: p.Message,
		}
		if o.Parked && o.ParkedStep == p.Step {
			step.State = orderv1.StepState_STEP_STATE_PARKED
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

// stepStates are the API's names. A step whose answer nobody waits for any more
// was asked and not answered.
var stepStates = map[order.StepState]orderv1.StepState{
	order.StepPending: orderv1.StepState_STEP_STATE_PENDING,
	order.StepDone:    orderv1.StepState_STEP_STATE_DONE,
	order.StepRefused: orderv1.StepState_STEP_STATE_REFUSED,
	order.StepUnknown: orderv1.StepState_STEP_STATE_PENDING,
	order.StepSkipped: orderv1.StepState_STEP_STATE_SKIPPED,
}

func orderNotFound(id string) error {
	return fault.New(fault.NotFound, "order_not_found", "order %s does not exist", id)
}
