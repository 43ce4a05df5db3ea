package main

import "testing"

func TestAccountsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("associate create ann --username ann --first-name Ann --last-name Lee --alias ann --country GB", `(?s)Account:\s+ann\n.*Number:\s+1\n.*Web aliases:\s+ann\n`)
	c.want("associate enroll bob --sponsor ann --type 2 --at 2026-01-31", `(?s)Enrolled:\s+2026-01-31.*Sponsor:\s+ann, number 1\n`)
	c.want("associate update bob --email bob@example.com --revision 2", `Revision:\s+3\n`)
	c.want("associate status bob suspended --reason unpaid", `Status:\s+suspended\n`)
	c.want("associate get --username ANN", `Name:\s+Ann Lee\n`)
	c.want("associate get --number 1 --min-position 1", `Account:\s+ann\n`)
	c.want("associate list --min-position 4", `(?s)ID\s+NUMBER.*ann\s+1\s+ann\s+Ann Lee\s+active.*bob\s.*suspended`)
	c.want("events tail --log customer --after 0 --until-head", `(?s)AssociateCreated.*AssociateEnrolled`)
	for args, want := range map[string]int{
		"associate get":              exitInvalid,
		"associate get nobody":       exitNotFound,
		"associate create x y":       exitInvalid,
		"associate status ann gone":  exitInvalid,
		"associate list --limit -1":  exitInvalid,
		"associate list --status no": exitInvalid,
	} {
		if r := c.oms(args); r.code != want {
			t.Errorf("oms %s: exit %d, want %d: %s", args, r.code, want, r.err)
		}
	}
}

func TestSubscriptionsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("associate create ann", `Account:\s+ann\n`)
	c.want("subscription create ann tea --name Tea --sku TEA=2@9.99 --currency USD --every 2-months --day 31 --first 720h --city Leeds --payment-token tok", `(?s)Line 1:\s+2 x TEA, 9.99 USD.*Every:\s+2-months\nDay of the month:\s+31\n.*To:\s+Leeds\n`)
	c.want("subscription update tea --every week --next 2030-01-31 --ends 2030-02-03 --revision 1", `(?s)Every:\s+week\n.*Next run:\s+2030-01-31 00:00:00Z\n.*Revision:\s+2\n`)
	c.want("subscription list --due --min-position 3", `(?s)ID\s+NUMBER.*tea\s.*Tea\s+active\s+2030-01-31 00:00:00Z\s+week`)
	c.want("subscription pause tea --reason holiday", `Status:\s+paused\n`)
	c.want("subscription list ann --status paused --min-position 4", `tea\s`)
	c.want("subscription resume tea", `Status:\s+active\n`)
	c.want("subscription void tea", `(?s)Status:\s+void\n.*Revision:\s+5\n`)
	c.want("subscription get tea", `Status:\s+void\n`)
	for args, want := range map[string]int{
		"subscription create":                              exitInvalid,
		"subscription create ann --sku A@1 --currency USD": exitInvalid,
		"subscription create ann --every fortnight":        exitInvalid,
		"subscription create ann --every x-days":           exitInvalid,
		"subscription create ann --day 3":                  exitInvalid,
		"subscription get":                                 exitInvalid,
		"subscription get nothing":                         exitNotFound,
		"subscription resume tea":                          exitRefused,
		"subscription list --limit -1":                     exitInvalid,
		"subscription list ann --due":                      exitInvalid,
		"subscription list --status no":                    exitInvalid,
	} {
		if r := c.oms(args); r.code != want {
			t.Errorf("oms %s: exit %d, want %d: %s", args, r.code, want, r.err)
		}
	}
}
