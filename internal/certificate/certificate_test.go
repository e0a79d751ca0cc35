package certificate_test

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/certificate"
	"steward/internal/clocks"
	"steward/internal/erasure/goneby"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/letter"
	"steward/internal/store"
)

// What there can be no certificate of: each change takes away what a good one needs.
func TestAssembleRefuses(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	good := final(t, k)
	assemble(t, good)
	assemble(t, first(good))

	answer := func(outcome store.Outcome, gone time.Time, err error) []goneby.Answer {
		return append([]goneby.Answer{{Store: "segment", Outcome: outcome, GoneBy: gone, Err: err}}, good.Answers...)
	}
	failed := store.Outcome{Kind: store.Failed, Code: string(failure.NoConnector)}
	retained := func(basis, period string) store.Outcome {
		return store.Outcome{Kind: store.Erased, Count: 1, Parts: []store.Part{
			{Kind: store.Erased, Count: 1}, {Kind: store.Retained, Count: 1, Basis: basis, For: period},
		}}
	}

	for name, change := range map[string]func(*certificate.Facts){
		"no such kind":     func(f *certificate.Facts) { f.Kind = "second" },
		"no store":         func(f *certificate.Facts) { f.Answers = nil },
		"never erased":     func(f *certificate.Facts) { f.ErasedAt = time.Time{} },
		"verified before":  func(f *certificate.Facts) { f.VerifiedAt = f.ErasedAt.Add(-clocks.Skew - 1) },
		"issued before":    func(f *certificate.Facts) { f.IssuedAt = f.VerifiedAt.Add(-clocks.Skew - 1) },
		"erased undecided": func(f *certificate.Facts) { f.DecidedAt = time.Time{} },
		"erased before":    func(f *certificate.Facts) { f.DecidedAt = f.ErasedAt.Add(clocks.Skew + 1) },
		"unproven":         func(f *certificate.Facts) { f.Tombstone.Proof = "" },
		"without leaf":     func(f *certificate.Facts) { f.Tombstone.Leaf = "" },
		"a failed store":   func(f *certificate.Facts) { f.Answers = answer(failed, at(), nil) },
		"a store that cannot": func(f *certificate.Facts) {
			f.Answers = answer(store.Outcome{Kind: store.Erased}, at(), failure.New(failure.KeptBeyond, "x"))
		},
		"without an outcome": func(f *certificate.Facts) { f.Answers = answer(store.Outcome{}, at(), nil) },
		"verified too early": func(f *certificate.Facts) { f.VerifiedAt = f.ErasedAt.Add(time.Hour) },
		"unpublished":        func(f *certificate.Facts) { f.Answers = answer(retained("habit", "1y"), at(), nil) },
		"on no basis": func(f *certificate.Facts) {
			f.Answers = answer(store.Outcome{Kind: store.Retained, Count: 1}, at(), nil)
		},
		"for ever": func(f *certificate.Facts) { f.Answers = answer(retained("invoices", ""), at(), nil) },
		"unpublished step": func(f *certificate.Facts) {
			f.Plan.Steps = []plan.Step{{Store: "app", Action: plan.RetainRows, Basis: "habit"}}
		},
	} {
		facts := good
		change(&facts)

		if _, err := certificate.Assemble(facts); !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The first certificate lists what is open with its reason and its date, whatever that is.
func TestTheFirstListsWhatIsOpen(t *testing.T) {
	t.Parallel()

	facts := first(final(t, newKeys(t)))
	gone := facts.Answers[0].GoneBy
	kept := []store.Part{{Kind: store.Erased, Count: 5}, {Kind: store.Retained, Count: 2, Basis: "invoices", For: "10y"}}
	facts.Answers = append(facts.Answers,
		goneby.Answer{Store: "segment", Outcome: store.Outcome{Kind: store.Failed, Code: string(failure.NoConnector)}},
		goneby.Answer{Store: "warehouse", Outcome: store.Outcome{Kind: store.Expires}, Err: failure.New(failure.CopyWithoutAge, "x")},
		goneby.Answer{Store: "invoices", Outcome: store.Outcome{Kind: store.Erased, Count: 5, Parts: kept}, GoneBy: facts.ErasedAt},
	)

	made := assemble(t, facts)

	want := map[string]string{"app": "", "backups": "expires", "invoices": "retained", "segment": "no_connector", "warehouse": "copy_without_age"}
	got := map[string]string{}
	names := []string{}

	for _, one := range made.Stores {
		got[one.Name] = one.Open
		names = append(names, one.Name)
	}

	if diff := cmp.Diff(want, got); diff != "" || strings.Join(names, " ") != "app backups invoices segment warehouse" {
		t.Error(diff, names)
	}

	if made.GoneBy.Known() || !made.GoneBy.At.Equal(gone) || len(made.GoneBy.Blockers) != 2 {
		t.Errorf("%+v", made.GoneBy)
	}

	// Ten years from the erasure on, as the company's calendar has it; what was given is not changed by that.
	if part := made.Stores[2].Outcome.Parts[1]; !part.Until.Equal(facts.ErasedAt.AddDate(10, 0, 0)) || part.Count != 2 || !kept[1].Until.IsZero() {
		t.Errorf("%+v", part)
	}

	if len(made.Exceptions) != 1 || made.Exceptions[0].Name != "invoices" {
		t.Errorf("%+v", made.Exceptions)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()

	k := newKeys(t)

	for _, language := range letter.Languages() {
		for _, kind := range []certificate.Kind{certificate.First, certificate.Final} {
			facts := retaining(final(t, k))
			if kind == certificate.First {
				facts = first(facts)
				facts.Answers = append(facts.Answers,
					goneby.Answer{Store: "<b>", Outcome: store.Outcome{Kind: store.Failed, Code: string(failure.NoConnector)}})
			}

			facts.Language = language
			made := assemble(t, facts)
			signed, _ := sign(t, k, made)

			page, err := certificate.Page(made, signed)
			must(t, err)

			text := string(page)
			for _, wanted := range []string{
				`<html lang="` + string(language) + `">`, made.ID, made.Erasure, "2026-11-22 14:01:00 +01:00", "2026-11-30 13:00:00 +01:00",
				certificate.Hash([]byte(signed.Certificate)), "certificates.test/steward", "tax law",
				map[letter.Language]string{
					letter.English: "retained under invoices until 2036-11-22 14:01:00 +01:00</td><td class=\"n\">3<",
					letter.French:  "conservé au titre de invoices jusqu'au 2036-11-22 14:01:00 +01:00</td><td class=\"n\">3<",
				}[language],
			} {
				if !strings.Contains(html.UnescapeString(text), wanted) {
					t.Errorf("%s, %s: no %q", language, kind, wanted)
				}
			}

			for _, unwanted := range []string{"<b>", "no_connector", "<script", "http://", "https://", "ZgotmplZ", "%!"} {
				if strings.Contains(text, unwanted) {
					t.Errorf("%s, %s: it has %q", language, kind, unwanted)
				}
			}
		}
	}

	made := assemble(t, final(t, k))
	made.Zone = "Nowhere/None"

	if _, err := certificate.Page(made, certificate.Signed{}); !refused(err) {
		t.Error(err)
	}

	made.Zone, made.Language = "UTC", "xx"
	if _, err := certificate.Page(made, certificate.Signed{}); !refused(err) {
		t.Error(err)
	}
}
