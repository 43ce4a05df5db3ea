package rpc

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	"github.com/orderstream/oms/projections"
)

// Projections are the read models of the process.
type Projections interface {
	// Status returns how each of them stands, by name.
	Status(ctx context.Context) []projections.Status
	// Rebuild makes one anew, as projections.Runner does; a name that nobody
	// has is NotFound.
	Rebuild(ctx context.Context, name string, o projections.RebuildOptions) error
}

// projectionService serves ProjectionService.
type projectionService struct{ all Projections }

func (s projectionService) ListProjections(ctx context.Context, _ *projectionv1.ListProjectionsRequest) (*projectionv1.ListProjectionsResponse, error) {
	res := &projectionv1.ListProjectionsResponse{}
	for _, p := range s.all.Status(ctx) {
		res.Projections = append(res.Projections, &projectionv1.Projection{
			Name: p.Name, Version: p.Version, Position: p.Position, Head: p.Head, Lag: p.Lag(),
			Parked: p.Parked, ParkedReason: p.ParkedReason, UpdatedAt: timestampOf(p.UpdatedAt),
			Rows: uint64(max(p.Rows, 0)), Bytes: uint64(max(p.Bytes, 0)),
		})
	}
	return res, nil
}

// RebuildProjection sends the newest report whenever the caller is ready for
// one: the build never waits. It ends when the caller goes.
func (s projectionService) RebuildProjection(
	ctx context.Context, req *projectionv1.RebuildProjectionRequest, stream *connect.ServerStream[projectionv1.RebuildProjectionResponse],
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	newest := make(chan projections.Progress, 1)
	ended := make(chan error, 1)
	go func() {
		defer close(newest)
		ended <- s.all.Rebuild(ctx, req.GetName(), projections.RebuildOptions{Verify: req.GetVerify(), Progress: func(p projections.Progress) {
			select {
			case <-newest: // nobody took the one before
			default:
			}
			newest <- p
		}})
	}()
	var gone error
	for p := range newest {
		if gone == nil {
			gone = stream.Send(progressOf(p))
		}
		if gone != nil {
			cancel()
		}
	}
	return errors.Join(gone, <-ended)
}

func progressOf(p projections.Progress) *projectionv1.RebuildProjectionResponse {
	return &projectionv1.RebuildProjectionResponse{
		Position: p.Position, Head: p.Head, Events: p.Events, EventsPerSecond: p.Rate, EtaSeconds: p.ETA.Seconds(),
		Done: p.Done, Differences: p.Differences,
	}
}
