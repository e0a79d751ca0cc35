package console_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/console"
	"steward/internal/failure"
	"steward/internal/policy"
)

func newConsole() (c *console.Console, out, errs *bytes.Buffer) {
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	c = console.Open(out, errs, func(string) string { return "" })
	c.Zone = time.FixedZone("", 3600)

	return c, out, errs
}

func TestOpenKnowsThatABufferIsNoTerminal(t *testing.T) {
	t.Parallel()

	c, _, _ := newConsole()
	if c.Colour || c.Live {
		t.Error("a buffer was taken for a terminal")
	}
}

func TestOnlyAClearYesIsOne(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		answer string
		want   bool
	}{{"y\n", true}, {" YES \r\n", true}, {"n\n", false}, {"\n", false}, {"", false}, {"y", false}, {"yess\n", false}, {"no\ny\n", false}} {
		c, out, errs := newConsole()
		c.In = strings.NewReader(test.answer)

		if got := c.Ask("Really?"); got != test.want || errs.String() != "Really? [y/N] " || out.Len() > 0 {
			t.Errorf("%q: %v, %q", test.answer, got, errs)
		}

		c.JSON = true
		if c.Ask("Really?") {
			t.Error("a program was asked")
		}
	}

	if c, _, errs := newConsole(); c.Ask("Really?") || errs.Len() > 0 {
		t.Error("nobody said yes")
	}
}

func TestTable(t *testing.T) {
	t.Parallel()

	c, out, _ := newConsole()
	table := console.Table{Head: []string{"DAY", "STATE"}, Empty: "nothing yet"}

	if err := c.Table(table); err != nil || out.String() != "nothing yet\n" {
		t.Errorf("%v %q", err, out)
	}

	out.Reset()
	table.Add(console.Cells("2026-11-22", "drilled")...)
	table.Add(console.Cell{Text: "Zürich"}, console.Cell{Text: "b\x1b[31mad\nly", Tone: console.Bad})
	table.Rows[1].Note = "why\nit is"

	if err := c.Table(table); err != nil {
		t.Fatal(err)
	}

	want := "DAY         STATE\n2026-11-22  drilled\nZürich      b[31mad ly\n  why it is\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}

	c.Colour = true
	if got := c.Paint(console.Bad, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("%q", got)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()

	c, _, _ := newConsole()
	at := time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)

	for got, want := range map[string]string{
		c.When(at):                        "2026-11-22 03:30:00 +01:00",
		c.When(time.Time{}):               "-",
		console.OrDash(""):                "-",
		console.OrDash("x"):               "x",
		console.Plain("a\u202eb\x07c\nd"): "abc\nd",
	} {
		if got != want {
			t.Errorf("%q is not %q", got, want)
		}
	}
}

func TestProgressIsQuietAtFirstAndThenNowAndThen(t *testing.T) {
	t.Parallel()

	c, _, errs := newConsole()
	start := time.Unix(0, 0)
	progress := c.Progress(start)

	for second := range 9 {
		progress.Show(start.Add(time.Duration(second)*time.Second), fmt.Sprint("second ", second))
	}

	progress.Done()

	if errs.String() != "second 2\nsecond 7\n" {
		t.Errorf("%q", errs)
	}
}

func TestProgressOnATerminalIsOneLine(t *testing.T) {
	t.Parallel()

	c, _, errs := newConsole()
	c.Live = true
	progress := c.Progress(time.Unix(0, 0))

	progress.Show(time.Unix(0, 0), "a")
	progress.Show(time.Unix(0, 1), "a")
	progress.Show(time.Unix(0, 2), "b")
	progress.Done()
	progress.Done()

	if errs.String() != "\r\x1b[Ka\r\x1b[Kb\r\x1b[K" {
		t.Errorf("%q", errs)
	}
}

var errDriver = errors.New("duplicate key (email)=(ada@example.com)")

func TestExplainShowsNoTextOfADriver(t *testing.T) {
	t.Parallel()

	problem := console.Explain(failure.Wrap(failure.Unavailable, "reading the catalogue", errDriver))
	if strings.Contains(problem.Message, "ada@") || !strings.HasPrefix(problem.Message, "reading the catalogue: ") {
		t.Error(problem.Message)
	}

	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")} //nolint:err113 // an example
	if got := console.Explain(failure.Wrap(failure.Unavailable, "asking", refused)).Message; !strings.Contains(got, "connection refused") {
		t.Error(got)
	}

	if got := console.Explain(errDriver); got.Code != failure.Internal || strings.Contains(got.Message, "ada@") {
		t.Error(got)
	}
}

func TestExplainListsTheFaultsOfAPolicy(t *testing.T) {
	t.Parallel()

	_, err := policy.Parse("policy.yaml", []byte("version: 2\n"))

	problem := console.Explain(failure.Wrap(failure.PolicyInvalid, "reading the policy", err))
	if len(problem.Faults) == 0 || problem.Faults[0].Message == "" || problem.Exit != failure.Usage {
		t.Errorf("%+v", problem)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()

	c, _, errs := newConsole()
	problem := console.Explain(failure.New(failure.BucketDrift, "looking"))

	c.Report(problem)

	want := "error: looking: the bucket is not set up as the policy says [bucket_drift]\nhint: See what differs: steward doctor\n"
	if diff := cmp.Diff(want, errs.String()); diff != "" {
		t.Error(diff)
	}

	errs.Reset()

	c.JSON = true
	c.Notef("not for programs")
	c.Report(problem)

	var read console.Problem
	if err := json.Unmarshal(errs.Bytes(), &read); err != nil || read.Exit != failure.Refused {
		t.Errorf("%v %+v", err, read)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()

	c, out, _ := newConsole()
	for _, write := range []func(any) error{c.Document, c.Line} {
		if err := write(map[string]string{"state": "drilled"}); err != nil {
			t.Fatal(err)
		}

		if err := write(make(chan int)); err == nil {
			t.Error("a channel was written")
		}
	}

	if want := "{\n  \"state\": \"drilled\"\n}\n{\"state\":\"drilled\"}\n"; out.String() != want {
		t.Errorf("%q", out)
	}

	c.Out = closed{}
	if err := c.Say("x"); err == nil {
		t.Error("a closed output went unnoticed")
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") } //nolint:err113 // an example
