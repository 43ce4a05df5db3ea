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
)

func newAssociate(a *app) *cobra.Command {
	return group("associate", "Manage accounts of associates and customers",
		newAssociateCreate(a), newAssociateUpdate(a), newAssociateEnroll(a), newAssociateStatus(a), newAssociateGet(a), newAssociateList(a))
}

func (a *app) customers() (customerv1connect.CustomerServiceClient, error) {
	return dial(a, customerv1connect.NewCustomerServiceClient)
}

// profileFlags are the flags for what is said of an account.
type profileFlags struct {
	username, firstName, lastName, company, email, backOffice, reference, country string

	kind    int64
	aliases []string
}

func (p *profileFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&p.username, "username", "", "name to log in with, unique whatever its case")
	f.StringVar(&p.firstName, "first-name", "", "given name")
	f.StringVar(&p.lastName, "last-name", "", "family name")
	f.StringVar(&p.company, "company", "", "company")
	f.StringVar(&p.email, "email", "", "e-mail address")
	f.Int64Var(&p.kind, "type", 0, "1 associate, 2 customer, others the installation's own")
	f.StringArrayVar(&p.aliases, "alias", nil, "name of a web page; may be repeated, and then says all of them")
	f.StringVar(&p.backOffice, "back-office-id", "", "what people call it")
	f.StringVar(&p.reference, "external-reference", "", "its id in another system")
	f.StringVar(&p.country, "country", "", "ISO 3166-1 code, such as GB")
}

// profile is what was given.
func (p *profileFlags) profile(cmd *cobra.Command) *customerv1.Profile {
	out := &customerv1.Profile{
		Username: given(cmd, "username", &p.username), FirstName: given(cmd, "first-name", &p.firstName),
		LastName: given(cmd, "last-name", &p.lastName), CompanyName: given(cmd, "company", &p.company),
		Email: given(cmd, "email", &p.email), BackOfficeId: given(cmd, "back-office-id", &p.backOffice),
		ExternalReferenceId: given(cmd, "external-reference", &p.reference), CountryCode: given(cmd, "country", &p.country),
	}
	if cmd.Flags().Changed("type") {
		out.Type = proto.Int64(p.kind)
	}
	if cmd.Flags().Changed("alias") {
		out.WebAliases = &customerv1.WebAliases{Names: nonEmpty(p.aliases...)}
	}
	return out
}

// writeFlags are the flags that every command that writes has.
func writeFlags(f *pflag.FlagSet, what string, revision *uint64, key *string) {
	f.Uint64Var(revision, "revision", 0, "refuse if the "+what+" has another revision; 0 is any")
	f.StringVar(key, "key", "", "idempotency key: the same request again is answered again")
}

// atMost wants no more than one argument.
func atMost(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageError("%s takes one %s; see %s --help", cmd.CommandPath(), name, cmd.CommandPath())
		}
		return nil
	}
}

// answeredAssociate is an answer that carries an account.
type answeredAssociate interface {
	proto.Message
	GetAssociate() *customerv1.Associate
}

// changeAssociate calls the service and shows the account.
func changeAssociate[R answeredAssociate](
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
	return a.show(res, func(w io.Writer) { printAssociate(w, res.GetAssociate()) })
}

func newAssociateCreate(a *app) *cobra.Command {
	var p profileFlags
	var req customerv1.CreateAssociateRequest
	cmd := &cobra.Command{
		Use:   "create [ID]",
		Short: "Make an account",
		Args:  atMost("ID"),
		Example: `  oms associate create ann --username ann --first-name Ann --email ann@example.com
  oms associate create --type 2 --last-name Lee --country GB`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.AssociateId, req.Profile = strings.Join(args, ""), p.profile(cmd)
			return changeAssociate(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.CreateAssociateResponse, error) {
				return c.CreateAssociate(ctx, &req)
			})
		},
	}
	p.flags(cmd.Flags())
	writeFlags(cmd.Flags(), "account", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newAssociateUpdate(a *app) *cobra.Command {
	var p profileFlags
	var req customerv1.UpdateAssociateRequest
	cmd := &cobra.Command{
		Use:     "update ID",
		Short:   "Change what is known of an account",
		Long:    "Change what is known of an account. What is not given stays as it is.",
		Args:    exactly("ID"),
		Example: `  oms associate update ann --email ann@example.org --revision 3`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.AssociateId, req.Profile = args[0], p.profile(cmd)
			return changeAssociate(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.UpdateAssociateResponse, error) {
				return c.UpdateAssociate(ctx, &req)
			})
		},
	}
	p.flags(cmd.Flags())
	writeFlags(cmd.Flags(), "account", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newAssociateEnroll(a *app) *cobra.Command {
	var p profileFlags
	var at string
	var req customerv1.EnrollAssociateRequest
	cmd := &cobra.Command{
		Use:   "enroll [ID]",
		Short: "Enroll an account, which is made when it is not there",
		Args:  atMost("ID"),
		Example: `  oms associate enroll bob --sponsor ann --username bob --first-name Bob
  oms associate enroll ann --at 2026-01-31`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.EnrolledAt, err = parseTime("at", at, ago); err != nil {
				return err
			}
			req.AssociateId, req.Profile = strings.Join(args, ""), p.profile(cmd)
			return changeAssociate(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.EnrollAssociateResponse, error) {
				return c.EnrollAssociate(ctx, &req)
			})
		},
	}
	p.flags(cmd.Flags())
	cmd.Flags().StringVar(&req.SponsorId, "sponsor", "", "account that brings it in")
	cmd.Flags().StringVar(&at, "at", "", "when: a time, or a duration before now; empty is now")
	writeFlags(cmd.Flags(), "account", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newAssociateStatus(a *app) *cobra.Command {
	var req customerv1.SetAssociateStatusRequest
	cmd := &cobra.Command{
		Use:     "status ID STATUS",
		Short:   "Say where an account is in its life",
		Long:    "Say where an account is in its life: active, inactive, suspended, terminated, or deleted for good.",
		Args:    exactly("ID", "STATUS"),
		Example: `  oms associate status ann suspended --reason "unpaid"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := parseWord(customerv1.AssociateStatus(0).Descriptor(), args[1])
			if err != nil {
				return err
			}
			req.AssociateId, req.Status = args[0], customerv1.AssociateStatus(n)
			return changeAssociate(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.SetAssociateStatusResponse, error) {
				return c.SetAssociateStatus(ctx, &req)
			})
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, for people")
	writeFlags(cmd.Flags(), "account", &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newAssociateGet(a *app) *cobra.Command {
	var number int64
	var username string
	var req customerv1.GetAssociateRequest
	cmd := &cobra.Command{
		Use:   "get (ID | --number NUMBER | --username NAME)",
		Short: "Show an account",
		Args:  cobra.ArbitraryArgs,
		Example: `  oms associate get ann
  oms associate get --number 4711`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ways := len(args)
			if len(args) == 1 {
				req.Key = &customerv1.GetAssociateRequest_AssociateId{AssociateId: args[0]}
			}
			if number != 0 {
				ways, req.Key = ways+1, &customerv1.GetAssociateRequest_Number{Number: number}
			}
			if username != "" {
				ways, req.Key = ways+1, &customerv1.GetAssociateRequest_Username{Username: username}
			}
			if ways != 1 {
				return usageError("give one of an ID, --number and --username; see %s --help", cmd.CommandPath())
			}
			return changeAssociate(a, cmd.Context(), func(ctx context.Context, c customerv1connect.CustomerServiceClient) (*customerv1.GetAssociateResponse, error) {
				return c.GetAssociate(ctx, &req)
			})
		},
	}
	cmd.Flags().Int64Var(&number, "number", 0, "number of the account")
	cmd.Flags().StringVar(&username, "username", "", "username of the account, whatever the case")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func newAssociateList(a *app) *cobra.Command {
	const page = 1000
	var req customerv1.ListAssociatesRequest
	var status string
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List accounts by id",
		Args:    none,
		Example: `  oms associate list --status active --type 2`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			if status != "" {
				n, err := parseWord(customerv1.AssociateStatus(0).Descriptor(), status)
				if err != nil {
					return err
				}
				req.Status = customerv1.AssociateStatus(n)
			}
			client, err := a.customers()
			if err != nil {
				return err
			}
			t := a.table("ID", "NUMBER", "USERNAME", "NAME", "STATUS", "TYPE", "SPONSOR", "REVISION")
			for left := cmp.Or(limit, math.MaxInt); left > 0; {
				req.PageSize = int32(min(left, page))
				res, err := client.ListAssociates(cmd.Context(), &req)
				if err != nil {
					return err
				}
				for _, m := range res.GetAssociates() {
					if err := t.add(m, m.GetAssociateId(), m.GetNumber(), m.GetUsername(), fullName(m), word(m.GetStatus()), m.GetType(), m.GetSponsorId(), m.GetRevision()); err != nil {
						return err
					}
				}
				left -= len(res.GetAssociates())
				if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			return t.end()
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "only active, inactive, deleted, suspended or terminated ones")
	cmd.Flags().Int64Var(&req.Type, "type", 0, "only those of a type; 0 lists all")
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most; 0 lists all")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func fullName(m *customerv1.Associate) string {
	return strings.Join(nonEmpty(m.GetFirstName(), m.GetLastName()), " ")
}

func printAssociate(w io.Writer, m *customerv1.Associate) {
	field(w, "Account", m.GetAssociateId())
	field(w, "Number", m.GetNumber())
	field(w, "Username", m.GetUsername())
	field(w, "Name", fullName(m))
	field(w, "Company", m.GetCompanyName())
	field(w, "E-mail", m.GetEmail())
	field(w, "Status", word(m.GetStatus()))
	field(w, "Type", m.GetType())
	field(w, "Web aliases", strings.Join(m.GetWebAliases(), ", "))
	field(w, "Back office id", m.GetBackOfficeId())
	field(w, "External reference", m.GetExternalReferenceId())
	field(w, "Country", m.GetCountryCode())
	field(w, "Enrolled", when(m.GetEnrolledAt()))
	if m.GetSponsorId() != "" {
		field(w, "Sponsor", m.GetSponsorId()+", number "+strconv.FormatInt(m.GetSponsorNumber(), 10))
	}
	field(w, "Created", when(m.GetCreatedAt()))
	field(w, "Revision", m.GetRevision())
}
