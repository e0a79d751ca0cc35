// Package doctor looks at every outside system and compares it with what the
// policy needs: Temporal, the databases, the drill cluster, the buckets, the
// ledger, the keys, the API, the mail server, webhooks. Each check says what it saw and, where something is wrong,
// what to do. It changes nothing, but for the settings of buckets where it is
// told to mend them.
package doctor

import (
	"context"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/policy"
	"steward/internal/setup"
)

// State is how one check ended.
type State string

// The states of a check.
const (
	// OK is as the policy needs it.
	OK State = "ok"
	// Warn works, and should be looked at.
	Warn State = "warn"
	// Fail breaks a promise, now or soon.
	Fail State = "fail"
	// Skipped was not looked at, and says why.
	Skipped State = "skipped"
)

// Check is the result of one look at one thing.
type Check struct {
	// Area is the outside system, such as temporal or buckets.
	Area string `json:"area"`
	// Name is what was looked at within it.
	Name string `json:"name"`
	// State is ok, warn, fail or skipped.
	State State `json:"state"`
	// Says is what was seen, in a sentence.
	Says string `json:"says"`
	// Hint is what to do; empty where there is nothing to do.
	Hint string `json:"hint,omitempty"`
	// Code is the failure code of a check that failed.
	Code failure.Code `json:"code,omitempty"`
}

// Report is all checks of one visit.
type Report struct {
	// AsOf is when the visit began.
	AsOf time.Time `json:"as_of"`
	// Checks are in the order in which they were made.
	Checks []Check `json:"checks"`
	// Mends are what was mended before the visit, and what was not; only with --fix.
	Mends []Mend `json:"mends,omitempty"`
}

// Err carries the code of the first check that failed, and what was seen; nil if
// none did. Warnings are no failure.
func (r Report) Err() error {
	for _, check := range r.Checks {
		if check.State != Fail {
			continue
		}

		doing := "checking " + check.Area + ", " + check.Name
		if text := failure.Lookup(check.Code).Text; !strings.Contains(check.Says, text) {
			doing += " (" + check.Says + ")" // else the code's own text says the same
		}

		return failure.New(check.Code, doing)
	}

	return nil
}

// patience bounds one check: an operator waits for all of them together.
const patience = 15 * time.Second

// Doctor is what is looked at, and what it is compared with.
type Doctor struct {
	// Config are the addresses.
	Config config.Config
	// Policy is what is promised.
	Policy *policy.Policy
	// Clock is the one that promises go by; System is that of this machine.
	Clock, System clocks.Clock
	// API is the base of the API (STEWARD_API_URL); empty where it is not known here.
	API string
	// Dial reaches Temporal.
	Dial func(context.Context) (client.Client, error)
	// Namespace is where in Temporal.
	Namespace string
	// Storage holds the buckets.
	Storage *gcs.Client
	// Attributes, Buckets and Schedules are what setup wants.
	Attributes []temporal.SearchAttributeKey
	// Buckets are those that the policy names.
	Buckets []guard.Bucket
	// Schedules are one for each promise that acts by itself.
	Schedules []setup.Schedule
	// Tell, if not nil, is told what is being looked at.
	Tell func(area string)
}

// area is one outside system with its checks.
type area struct {
	name string
	look func(context.Context) []Check
}

// Run makes all checks, one area after the other. One that cannot be made is one
// that failed: what is unknown is not in order.
func (d *Doctor) Run(ctx context.Context) Report {
	report := Report{AsOf: d.Clock.Now()}

	for _, one := range []area{
		{"temporal", d.temporal},
		{"steward", d.steward},
		{"sources", d.sources},
		{"drill", d.drill},
		{"buckets", d.buckets},
		{"ledger", d.ledger},
		{"keys", d.keys},
		{"api", d.api},
		{"mail", d.mail},
		{"webhooks", d.webhooks},
		{"records", d.records},
		{"erasures", d.erasures},
	} {
		if ctx.Err() != nil {
			return report
		}

		if d.Tell != nil {
			d.Tell(one.name)
		}

		for _, check := range d.within(ctx, one.look) {
			check.Area = one.name
			report.Checks = append(report.Checks, check)
		}
	}

	return report
}

func (d *Doctor) within(ctx context.Context, look func(context.Context) []Check) []Check {
	ctx, cancel := context.WithTimeout(ctx, d.Config.Patience().Of(patience))
	defer cancel()

	return look(ctx)
}

// failed is a check that could not be made, or whose answer was an error.
func failed(name string, err error) Check {
	problem := console.Explain(err)

	return Check{Name: name, State: Fail, Says: problem.Message, Hint: problem.Hint, Code: problem.Code}
}

func fine(name, says string) Check { return Check{Name: name, State: OK, Says: says} }

func warned(name, says, hint string) Check {
	return Check{Name: name, State: Warn, Says: says, Hint: hint}
}

func wrong(name string, code failure.Code, says, hint string) Check {
	return Check{Name: name, State: Fail, Says: says, Hint: hint, Code: code}
}

func skipped(name, says string) Check { return Check{Name: name, State: Skipped, Says: says} }
