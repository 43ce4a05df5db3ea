package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is what every command has at hand.
type app struct {
	in       io.Reader
	out, err io.Writer

	url, tenant, token string
	json               bool
	timeout            time.Duration
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, err: errOut}
	root := newRoot(a) //nolint:contextcheck // each command is given the context when it runs
	root.SetArgs(args)
	return a.exit(ctx, root.ExecuteContext(ctx))
}

// Groups of commands in the help.
const (
	groupServe   = "serve"
	groupOrders  = "orders"
	groupOperate = "operate"
)

// newRoot is the whole command tree.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "oms",
		Short: "An order management service, and the tool that talks to it",
		Long: `oms takes orders, reserves stock, redeems promo codes, checks for fraud, takes
payments, and keeps every step as an event that can be read again.

All commands but the ones that serve talk to a running service over its API.
Every global flag can be given as an environment variable, too: --tenant is
OMS_TENANT. Prefer OMS_TOKEN to --token, which other users of the machine see.

Exit codes:
  0    done
  1    failed
  2    wrong command line, or the service finds the request invalid
  3    not found
  4    refused in the present state, or somebody else was first
  5    the service cannot be reached, or cannot answer now
  130  interrupted`,
		Example: `  oms stock add A 100
  oms order create --sku A=2@9.99 --currency USD --watch
  oms order list --status on_hold
  oms events tail`,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs, RunE: helpOnly, DisableFlagsInUseLine: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return flagsFromEnv(cmd) },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError("%w", err) })
	root.CompletionOptions.HiddenDefaultCmd = true
	a.globals(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: groupServe, Title: "Serving:"},
		&cobra.Group{ID: groupOrders, Title: "Orders, stock, promotions, payments, customers, deliveries:"},
		&cobra.Group{ID: groupOperate, Title: "Operating:"},
	)
	root.SetHelpCommandGroupID(groupOperate)
	add := func(group string, cmds ...*cobra.Command) {
		for _, cmd := range cmds {
			cmd.GroupID = group
			root.AddCommand(cmd)
		}
	}
	add(groupServe, newServe(a), newDemo(a), newLoad(a))
	add(groupOrders, newOrder(a), newPackage(a), newReturn(a), newStock(a), newBin(a), newItem(a), newPromo(a), newPayment(a), newAssociate(a), newSubscription(a), newWebhook(a), newDelivery(a))
	add(groupOperate, newSaga(a), newProjections(a), newEvents(a))
	return root
}

func (a *app) globals(f *pflag.FlagSet) {
	f.StringVar(&a.url, "server", "http://127.0.0.1:8480", "URL of the service")
	f.StringVar(&a.tenant, "tenant", "", "tenant to act for; empty is the token's own, or default")
	f.StringVar(&a.token, "token", "", "bearer token; better given as OMS_TOKEN")
	f.BoolVar(&a.json, "json", false, "print JSON, one object a line, and errors as JSON, too")
	f.DurationVar(&a.timeout, "timeout", 30*time.Second, "time for a request; watching and tailing have no end")
}

// localEnv marks a command whose own flags are read from the environment, too,
// as the global ones are: cmd.Annotations = localEnv.
var localEnv = map[string]string{"env": "local"}

// flagsFromEnv gives flags that were not named on the command line the values
// of their environment variables.
func flagsFromEnv(cmd *cobra.Command) error {
	var failed error
	fill := func(f *pflag.Flag) {
		name := "OMS_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, set := os.LookupEnv(name)
		if !set || f.Changed || failed != nil || f.Name == "help" {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = usageError("%s: %w", name, err)
		}
	}
	cmd.InheritedFlags().VisitAll(fill)
	if cmd.Annotations["env"] == localEnv["env"] {
		cmd.LocalFlags().VisitAll(fill)
	}
	return failed
}

// group is a command that only has others under it.
func group(use, short string, cmds ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: helpOnly, DisableFlagsInUseLine: true}
	cmd.AddCommand(cmds...)
	return cmd
}

// helpOnly shows the help, or says that there is no such command.
func helpOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2
	if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", strings.Join(names, " or "))
	}
	return usageError("there is no command %q in %s%s", args[0], cmd.CommandPath(), hint)
}

// exactly wants the named arguments.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usageError("%s needs %s; see %s --help", cmd.CommandPath(), strings.Join(names, " "), cmd.CommandPath())
		}
		return nil
	}
}

// none wants no arguments.
func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError("%s takes no arguments, but got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
