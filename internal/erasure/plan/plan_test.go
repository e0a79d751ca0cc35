package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/erasure/plan"
)

func made(change func(*plan.Plan)) plan.Plan {
	p := plan.Plan{
		Erasure: "era_x", Subject: plan.Account, Map: "m", Schema: "s", Steps: []plan.Step{
			{Store: "app", Place: "app.leads", Action: plan.DeleteRows, Rows: 5_000},
			{Store: "app", Place: "app.tickets", Action: plan.Overwrite, Columns: []string{"name"}, Rows: 3},
			{Store: "app", Place: "app.notes", Action: plan.Unlink, Columns: []string{"author"}, Rows: 0},
			{Store: "app", Place: "app.notes", Action: plan.Unlink, Columns: []string{"editor"}, Rows: 7},
			{Store: "vendor", Action: plan.DeleteRows, Rows: -1},
			{Store: "app", Place: "app.accounts", Action: plan.Absent},
		},
	}
	if change != nil {
		change(&p)
	}

	return p
}

// A plan is another one when it would do something else, or do it to many more or fewer rows.
func TestCompare(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		change func(*plan.Plan)
		want   plan.Drift
	}{
		"the same":           {nil, plan.Drift{}},
		"a tenth more":       {func(p *plan.Plan) { p.Steps[0].Rows = 5_500 }, plan.Drift{}},
		"more than a tenth":  {func(p *plan.Plan) { p.Steps[0].Rows = 5_501 }, plan.Drift{Store: "app", Place: "app.leads", Why: "rows"}},
		"less than a tenth":  {func(p *plan.Plan) { p.Steps[0].Rows = 4_499 }, plan.Drift{Store: "app", Place: "app.leads", Why: "rows"}},
		"a hundred of few":   {func(p *plan.Plan) { p.Steps[1].Rows = 103 }, plan.Drift{}},
		"more than that":     {func(p *plan.Plan) { p.Steps[1].Rows = 104 }, plan.Drift{Store: "app", Place: "app.tickets", Why: "rows"}},
		"another column":     {func(p *plan.Plan) { p.Steps[1].Columns = []string{"mail"} }, plan.Drift{Store: "app", Place: "app.tickets", Why: "columns"}},
		"another action":     {func(p *plan.Plan) { p.Steps[1].Action = plan.DeleteRows }, plan.Drift{Store: "app", Place: "app.tickets", Why: "step"}},
		"another basis":      {func(p *plan.Plan) { p.Steps[1].Basis = "invoices" }, plan.Drift{Store: "app", Place: "app.tickets", Why: "basis"}},
		"another map":        {func(p *plan.Plan) { p.Map = "n" }, plan.Drift{Why: "map"}},
		"another schema":     {func(p *plan.Plan) { p.Schema = "t" }, plan.Drift{Why: "schema"}},
		"counted at last":    {func(p *plan.Plan) { p.Steps[4].Rows = 0 }, plan.Drift{Store: "vendor", Why: "rows"}},
		"an empty step less": {func(p *plan.Plan) { p.Steps = append(p.Steps[:2:2], p.Steps[3:]...) }, plan.Drift{}},
		"there after all":    {func(p *plan.Plan) { p.Steps = p.Steps[:5] }, plan.Drift{Store: "app", Place: "app.accounts", Why: "step"}},
		"a full step less":   {func(p *plan.Plan) { p.Steps = p.Steps[1:] }, plan.Drift{Store: "app", Place: "app.leads", Why: "step"}},
		"an empty step more": {func(p *plan.Plan) { p.Steps = append(p.Steps, plan.Step{Store: "app", Place: "app.new"}) }, plan.Drift{}},
		"a full step more": {
			func(p *plan.Plan) { p.Steps = append(p.Steps, plan.Step{Store: "app", Place: "app.new", Rows: 1}) },
			plan.Drift{Store: "app", Place: "app.new", Why: "step"},
		},
	} {
		if diff := cmp.Diff(c.want, plan.Compare(made(nil), made(c.change))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// One plan has one text, and one hash; another plan another.
func TestCanonical(t *testing.T) {
	t.Parallel()

	text, sha, err := plan.Canonical(made(nil))
	if err != nil {
		t.Fatal(err)
	}

	read, err := plan.Parse(text)
	if err != nil {
		t.Fatal(err)
	}

	if _, again, err := plan.Canonical(read); err != nil || again != sha {
		t.Errorf("%s, %v", again, err)
	}

	if _, other, err := plan.Canonical(made(func(p *plan.Plan) { p.Steps[0].Rows++ })); err != nil || other == sha {
		t.Errorf("%s, %v", other, err)
	}

	if _, err := plan.Parse([]byte("{")); err == nil {
		t.Error("a text that is no plan was read")
	}
}

// A plan never differs from itself, whatever steps one table has: a closing would be taken back for ever.
func TestCompareWithItself(t *testing.T) {
	t.Parallel()

	word := rapid.SampledFrom([]string{"a", "b"})
	step := rapid.Custom(func(t *rapid.T) plan.Step {
		return plan.Step{
			Store: word.Draw(t, "store"), Place: word.Draw(t, "place"),
			Action:  rapid.SampledFrom([]plan.Action{plan.Overwrite, plan.RetainRows, plan.Unlink, plan.DeleteRows}).Draw(t, "action"),
			Columns: rapid.SliceOfN(word, 0, 2).Draw(t, "columns"), Basis: word.Draw(t, "basis"), Until: word.Draw(t, "until"), Rows: 3,
		}
	})

	rapid.Check(t, func(t *rapid.T) {
		p := plan.Plan{Subject: plan.Account, Steps: rapid.SliceOfN(step, 0, 4).Draw(t, "steps")}
		if drift := plan.Compare(p, p); drift != (plan.Drift{}) {
			t.Fatalf("%+v of %+v", drift, p)
		}
	})
}
