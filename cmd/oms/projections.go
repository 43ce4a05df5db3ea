package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	"github.com/orderstream/oms/gen/oms/projection/v1/projectionv1connect"
)

func newProjections(a *app) *cobra.Command {
	return group("projections", "Show the read models, and build them anew", newProjectionsList(a), newProjectionsRebuild(a))
}

func (a *app) projections() (projectionv1connect.ProjectionServiceClient, error) {
	return dial(a, projectionv1connect.NewProjectionServiceClient)
}

func newProjectionsList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the read models with their lag",
		Args:    none,
		Example: `  oms projections list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := a.projections()
			if err != nil {
				return err
			}
			res, err := client.ListProjections(cmd.Context(), &projectionv1.ListProjectionsRequest{})
			if err != nil {
				return err
			}
			t := a.table("NAME", "VERSION", "POSITION", "LAG", "ROWS", "SIZE", "UPDATED", "PARKED")
			for _, p := range res.GetProjections() {
				err := t.add(p, p.GetName(), p.GetVersion(), p.GetPosition(), p.GetLag(), p.GetRows(), size(p.GetBytes()), when(p.GetUpdatedAt()), p.GetParkedReason())
				if err != nil {
					return err
				}
			}
			return t.end()
		},
	}
}

func newProjectionsRebuild(a *app) *cobra.Command {
	var req projectionv1.RebuildProjectionRequest
	cmd := &cobra.Command{
		Use:   "rebuild NAME",
		Short: "Build a read model anew beside the live one, and swap it in",
		Long: `Build a read model anew from the log beside the live one, which goes on serving,
and swap it in. With --verify the two are compared row by row first; the exit
code is 1 when they differ.`,
		Args: exactly("NAME"),
		Example: `  oms projections rebuild orders
  oms projections rebuild orders --verify`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Name = args[0]
			return a.rebuild(cmd.Context(), &req)
		},
	}
	cmd.Flags().BoolVar(&req.Verify, "verify", false, "compare the new one with the live one")
	return cmd
}

// rebuild shows the progress of a rebuild, and at its end what it found.
func (a *app) rebuild(ctx context.Context, req *projectionv1.RebuildProjectionRequest) error {
	client, err := a.projections()
	if err != nil {
		return err
	}
	stream, err := client.RebuildProjection(ctx, req)
	if err != nil {
		return err
	}
	progress := a.progress(req.GetName())
	last := &projectionv1.RebuildProjectionResponse{}
	for stream.Receive() {
		last = stream.Msg()
		err = errors.Join(err, progress.report(last))
	}
	progress.end()
	if err = errors.Join(err, stream.Err()); err != nil {
		return err
	}
	if !last.GetDone() {
		return fmt.Errorf("the rebuild of %s ended without a result", req.GetName())
	}
	if n := len(last.GetDifferences()); n > 0 {
		for _, d := range last.GetDifferences() {
			if !a.json {
				fmt.Fprintln(a.out, clean(d))
			}
		}
		return fmt.Errorf("%s differed from the log in %d rows or more; what is live now is right", req.GetName(), n)
	}
	return nil
}

// progress shows how far a rebuild is.
type progress interface {
	report(r *projectionv1.RebuildProjectionResponse) error
	end()
}

// progress is a bar on a terminal, and lines elsewhere.
func (a *app) progress(name string) progress {
	f, file := a.out.(*os.File)
	if a.json || !file {
		return lines{a, name}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return lines{a, name}
	}
	return newBar(name, f)
}

// lines are one line a report.
type lines struct {
	*app
	name string
}

func (l lines) report(r *projectionv1.RebuildProjectionResponse) error {
	return l.show(r, func(w io.Writer) {
		if r.GetDone() {
			fmt.Fprintf(w, "%s: live at position %d, %d events\n", l.name, r.GetPosition(), r.GetEvents())
			return
		}
		fmt.Fprintf(w, "%s: %d of %d,%s\n", l.name, r.GetPosition(), r.GetHead(), pace(r))
	})
}

func (lines) end() {}

// left is the time that a rebuild still takes.
func left(r *projectionv1.RebuildProjectionResponse) time.Duration {
	return time.Duration(r.GetEtaSeconds() * float64(time.Second)).Round(time.Second)
}

// bar is drawn in place.
type bar struct {
	all  *mpb.Progress
	one  *mpb.Bar
	last atomic.Pointer[projectionv1.RebuildProjectionResponse]
}

func newBar(name string, to io.Writer) *bar {
	b := &bar{all: mpb.New(mpb.WithOutput(to), mpb.WithWidth(72))}
	b.last.Store(&projectionv1.RebuildProjectionResponse{})
	b.one = b.all.AddBar(0,
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d / %d ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return pace(b.last.Load()) })),
	)
	return b
}

func (b *bar) report(r *projectionv1.RebuildProjectionResponse) error {
	b.last.Store(r)
	b.one.SetTotal(int64(r.GetHead()), false) //nolint:gosec // a log does not get that long
	b.one.SetCurrent(int64(r.GetPosition()))  //nolint:gosec // a log does not get that long
	if r.GetDone() {
		b.one.SetTotal(-1, true) // full, wherever it is
	}
	return nil
}

// end leaves the bar as it is, full or not.
func (b *bar) end() {
	b.one.Abort(false)
	b.all.Wait()
}

// pace is how fast a rebuild goes, and how long it takes.
func pace(r *projectionv1.RebuildProjectionResponse) string {
	text := fmt.Sprintf(" %.0f events/s", r.GetEventsPerSecond())
	if !r.GetDone() {
		text += fmt.Sprintf(", %s to go", left(r))
	}
	return text
}

// size is a number of bytes as people read it.
func size(n uint64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefix := float64(n), -1
	for value >= unit {
		value /= unit
		prefix++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTPE"[prefix])
}
