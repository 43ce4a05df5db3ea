// Command receiver is the least that somebody who hears events of oms has to do:
// it verifies signatures, takes each event once, and answers quickly.
//
//	RECEIVER_SECRETS=whsec_... go run ./examples/receiver --listen 127.0.0.1:8090
//	oms webhook create --url http://127.0.0.1:8090/events
//
// The service has to be started with --delivery-allow 127.0.0.1 for that.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/orderstream/oms/delivery/signature"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address to listen at")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *listen, os.Getenv("RECEIVER_SECRETS")); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

// run receives until the context ends. The secrets have commas between them:
// while a secret is rotated, two are good.
func run(ctx context.Context, listen, secrets string) error {
	var keys []*signature.Key
	for text := range strings.SplitSeq(secrets, ",") {
		k, err := signature.ParseKey("RECEIVER_SECRETS", strings.TrimSpace(text))
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	srv := &http.Server{Addr: listen, Handler: newReceiver(keys, time.Now, show), ReadTimeout: 10 * time.Second} //nolint:forbidigo // where the clock comes from
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// show prints what happened: a real receiver would store it, and work on it
// later.
func show(id string, body []byte) error {
	var e struct{ EventType string }
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	_, err := fmt.Fprintf(os.Stdout, "%s %s %s\n", id, e.EventType, body)
	return err
}
