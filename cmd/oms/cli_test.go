package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTheHelpTeaches keeps what --help prints: a file for each command of the
// first level, with everything under it.
func TestTheHelpTeaches(t *testing.T) {
	golden(t, "oms", helpOf(t))
	for _, root := range newRoot(&app{}).Commands() {
		if root.Hidden || root.Name() == "help" {
			continue
		}
		var all strings.Builder
		everyCommand(root, func(cmd *cobra.Command) {
			words := strings.Fields(cmd.CommandPath())[1:]
			all.WriteString("$ " + cmd.CommandPath() + " --help\n" + helpOf(t, words...) + "\n")
			if cmd.Example == "" && !cmd.HasSubCommands() && root.GroupID != groupServe {
				t.Errorf("%s has no example", cmd.CommandPath())
			}
		})
		golden(t, root.Name(), all.String())
	}
}

func everyCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, sub := range cmd.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			everyCommand(sub, f)
		}
	}
}

func helpOf(t *testing.T, words ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), append(words, "--help"), strings.NewReader(""), &out, &errOut); code != exitDone {
		t.Fatalf("%v --help: exit code %d, %s", words, code, errOut.String())
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "help", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with go test ./cmd/oms -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), write it anew with -update:\n%s", path, diff)
	}
}

// cli is a service and the tool that talks to it.
type cli struct {
	*testing.T
	url, data string
}

// newCLI runs a whole service for a test.
func newCLI(t *testing.T, change ...func(*serveConfig)) *cli {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	cfg := serveConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", Roles: roles, Durability: "process", OnDecline: "hold", CaptureAt: "confirm"}
	for _, c := range change {
		c(&cfg)
	}
	if err := cfg.complete(); err != nil {
		t.Fatal(err)
	}
	up, down := make(chan string, 1), make(chan error, 1)
	go func() { down <- serve(ctx, cfg, func(s *service) { up <- s.url() }) }()
	t.Cleanup(func() {
		stop()
		if err := <-down; err != nil {
			t.Error(err)
		}
	})
	select {
	case url := <-up:
		return &cli{t, url, cfg.Data}
	case err := <-down:
		down <- err
		t.Fatalf("the service did not start: %v", err)
	}
	return nil
}

// result is what a command printed and how it ended.
type result struct {
	code     int
	out, err string
}

// oms runs a command line; words are separated by spaces.
func (c *cli) oms(line string, stdin ...string) result {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 60*time.Second)
	defer cancel()
	var out, errOut bytes.Buffer
	code := run(ctx, append(strings.Fields(line), "--server", c.url), strings.NewReader(strings.Join(stdin, "")), &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

// want runs a command that has to succeed and to print something.
func (c *cli) want(line, text string, stdin ...string) string {
	c.Helper()
	r := c.oms(line, stdin...)
	if r.code != exitDone || !regexp.MustCompile(text).MatchString(r.out) {
		c.Errorf("oms %s: exit code %d, want %q, got\n%s%s", line, r.code, text, r.out, r.err)
	}
	return r.out
}

func TestAnOrderFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("stock add A 5 --notes first", `A +main +5 +0 +5`)
	c.want("stock transfer A 2 --to leeds", `leeds +2`)
	c.want("stock reconcile A 4", `main +4`)
	c.want("stock remove A 1", `main +3`)
	c.want("promo create SUMMER --limit 10 --ends 24h", `Limit: +10`)

	out := c.want("order create --sku A=2@9.99 --currency USD --customer c1 --reference PO-1 --promo SUMMER --key k1 --watch",
		`(?s)Total: +19.98 USD.*submitted`)
	id := regexp.MustCompile(`Order: +(\S+)`).FindStringSubmatch(out)[1]
	c.want("order create --sku A=2@9.99 --currency USD --customer c1 --reference PO-1 --promo SUMMER --key k1", `Repeated`)
	c.want("order get "+id, `(?s)Status: +submitted.*A +main +2 +9.99 USD.*capture_payment +done`)
	c.want("order get --number 1", id)
	c.want("order get --reference PO-1", id)
	c.want("order list --status submitted --customer c1 --from 1h", id) // watched, so the view has it
	c.want("payment get "+id, `(?s)Paid: +19.98 USD.*capture`)
	c.want("promo get SUMMER", `Redeemed: +1`)
	c.want("promo disable SUMMER", `Enabled: +false`)
	c.want("saga show "+id, `Status: +submitted`)
	c.want("events show "+id, `(?s)OrderCreated.*OrderConfirmed`)
	c.want("events tail --after 0 --until-head", `OrderConfirmed`)
	c.want("stock get A --min-position 5", `main +3 +2 +1`)
	c.want("stock list --limit 0", `(?s)A +leeds.*A +main`)
	c.want("projections list", `(?s)orders.*stock`)
	c.want("projections rebuild orders --verify", `orders: live at position`)
	c.want("order cancel "+id+" --reason late", `cancelling`)
	c.want("order watch "+id, `cancelled \(cancelled\): late`)
	c.want("saga list", `ORDER`)
}

func TestAnOrderFromAFile(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("stock add A 5", `A`)
	const order = `{"currencyCode":"USD","items":[{"skuId":"A","quantity":1,"unitPrice":{"currencyCode":"USD","minorUnits":"500"}}]}`
	c.want("order create -f -", `5.00 USD`, order)
	file := filepath.Join(t.TempDir(), "order.json")
	if err := os.WriteFile(file, []byte(order), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want("order create --key k -f "+file, `Number: +2`)
	if r := c.oms("order create -f -", `{"qty":1}`); r.code != exitInvalid || !strings.Contains(r.err, "qty") {
		t.Errorf("%d %s", r.code, r.err)
	}
}

func TestADeclinedPaymentIsTriedAgain(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("stock add A 5", `A`)
	c.want("payment script tok_1 decline approve", `follow`)
	out := c.want("order create --sku A@1.00 --currency USD --payment-token tok_1 --watch", `on_hold \(payment_declined\)`)
	id := regexp.MustCompile(`Order: +(\S+)`).FindStringSubmatch(out)[1]
	c.want("order retry-payment "+id, `created`)
	c.want("payment script tok_1 --remove", `follow`)
	if r := c.oms("order review " + id + " --reject"); r.code != exitRefused {
		t.Errorf("%d %s", r.code, r.err)
	}
}

func TestExitCodesSayWhatHappened(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("stock add A 1", `A`)
	for line, want := range map[string]int{
		"order list":                                    exitDone,
		"order get nope":                                exitNotFound,
		"order get":                                     exitInvalid,
		"order get a --number 1":                        exitInvalid,
		"order cancel nope":                             exitNotFound,
		"order create":                                  exitInvalid,
		"order create --sku A --currency USD":           exitInvalid,
		"order create --sku A=x@1 --currency USD":       exitInvalid,
		"order create --sku A=1@1.001 --currency USD":   exitInvalid,
		"order create --sku A=0@1.00 --currency USD":    exitInvalid,
		"order create --sku A=1@1 --currency USD -f x":  exitInvalid,
		"order create -f /no/such/file":                 exitInvalid,
		"order list --status nope":                      exitInvalid,
		"order list --from yesterday":                   exitInvalid,
		"order list --limit -1":                         exitInvalid,
		"order review x":                                exitInvalid,
		"order bogus":                                   exitInvalid,
		"bogus":                                         exitInvalid,
		"order list --bogus":                            exitInvalid,
		"order list extra":                              exitInvalid,
		"order list --tenant nope":                      exitFailed,
		"order list --tenant No.pe":                     exitInvalid,
		"stock remove A 2":                              exitRefused,
		"stock remove B 1":                              exitNotFound,
		"stock add A many":                              exitInvalid,
		"payment script":                                exitInvalid,
		"payment script tok":                            exitInvalid,
		"payment script tok maybe":                      exitInvalid,
		"saga skip nope --reason x":                     exitNotFound,
		"projections rebuild nope":                      exitNotFound,
		"events tail --log nope":                        exitInvalid,
		"order list --server ftp://x":                   exitInvalid,
		"order list --server http://127.0.0.1:1 --json": exitUnavailable,
	} {
		args := strings.Fields(line)
		if !strings.Contains(line, "--server") {
			args = append(args, "--server", c.url)
		}
		var out, errOut bytes.Buffer
		if got := run(t.Context(), args, strings.NewReader(""), &out, &errOut); got != want {
			t.Errorf("oms %s: exit code %d, want %d: %s%s", line, got, want, out.String(), errOut.String())
		} else if got != exitDone && errOut.Len() == 0 {
			t.Errorf("oms %s: no word about what is wrong", line)
		}
	}
}

func TestJSONIsOneObjectALine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("stock add A 9 --json", `^\{"position":"1","stock":\[\{`)
	var last struct{ Position string }
	for range 3 {
		out := c.want("order create --sku A=1@1.00 --currency USD --json", `^\{"orderId":"`)
		if err := json.Unmarshal([]byte(out), &last); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]int{
		"order list --json --min-position " + last.Position:         3,
		"stock list --json --min-position 1":                        1,
		"projections list --json":                                   3,
		"events tail --log inventory --after 0 --until-head --json": 1,
	} {
		r := c.oms(line)
		lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
		if len(lines) < want {
			t.Errorf("oms %s: %d lines, want %d", line, len(lines), want)
		}
		for _, l := range lines {
			if !json.Valid([]byte(l)) {
				t.Errorf("oms %s: not JSON: %s", line, l)
			}
		}
	}
	r := c.oms("order get nope --json")
	if want := `{"code":"not_found","reason":"order_not_found","message":"order nope does not exist"}` + "\n"; r.err != want {
		t.Errorf("got %s", r.err)
	}
}

func TestFlagsComeFromTheEnvironment(t *testing.T) {
	c := newCLI(t)
	t.Setenv("OMS_SERVER", c.url)
	t.Setenv("OMS_JSON", "true")
	t.Setenv("OMS_SKU", "not for an order's own flags")
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"projections", "list"}, nil, &out, &errOut); code != exitDone || !strings.HasPrefix(out.String(), "{") {
		t.Errorf("%d: %s%s", code, out.String(), errOut.String())
	}
	t.Setenv("OMS_TIMEOUT", "soon")
	if code := run(t.Context(), []string{"projections", "list"}, nil, &out, &errOut); code != exitInvalid || !strings.Contains(errOut.String(), "OMS_TIMEOUT") {
		t.Errorf("%d: %s", code, errOut.String())
	}
	if code := run(t.Context(), []string{"projections", "list", "--timeout", "9s"}, nil, &out, &errOut); code != exitDone {
		t.Errorf("the command line comes first: %d: %s", code, errOut.String())
	}
}

func TestAMistypedCommandGetsAHint(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"order", "crate"}, nil, &out, &errOut); code != exitInvalid || !strings.Contains(errOut.String(), "did you mean create?") {
		t.Errorf("%d: %s", code, errOut.String())
	}
}

func TestTextsFromCallersDoNotSteerTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"plain":          "plain",
		"café 💥":         "café 💥",
		"\x1b[31mred":    `\x1b[31mred`,
		"two\nlines":     `two\nlines`,
		"a\u009bcontrol": `a\u009bcontrol`,
	} {
		if got := clean(text); got != want {
			t.Errorf("%q is printed as %q", text, got)
		}
	}
}

func TestABarComesToItsEnd(t *testing.T) {
	for name, reports := range map[string][]*projectionv1.RebuildProjectionResponse{
		"nothing":   nil,
		"cut short": {{Position: 5, Head: 10}},
		"whole":     {{Position: 5, Head: 10, EventsPerSecond: 100, EtaSeconds: 3}, {Position: 10, Head: 10, Done: true}},
		"empty log": {{Done: true}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBar("orders", &bytes.Buffer{})
			for _, r := range reports {
				if err := b.report(r); err != nil {
					t.Fatal(err)
				}
			}
			b.end() // would hang
		})
	}
}

func TestSizesAreReadable(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 30: "5.0 GiB", 1 << 63: "8.0 EiB"} {
		if got := size(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
