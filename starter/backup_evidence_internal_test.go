package main

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/calendar"
	"steward/internal/console"
	"steward/internal/doctor/doctortest"
	"steward/internal/failure"
	"steward/internal/keys"
	"steward/internal/policy"
	"steward/internal/report"
	"steward/workflows"
)

// server is a Temporal whose one run ends as the test says; hang lets it go on.
type server struct {
	client.Client
	client.WorkflowRun

	options client.StartWorkflowOptions
	name    string
	params  any
	result  activities.ReportResult
	err     error
	hang    bool
}

func (s *server) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, name any, args ...any) (client.WorkflowRun, error) {
	s.options, s.params = options, args[0]
	s.name, _ = name.(string)

	return s, nil
}

func (s *server) GetID() string { return s.options.ID }

func (s *server) Get(ctx context.Context, into any) error {
	if s.hang {
		<-ctx.Done()

		return ctx.Err()
	}

	if result, ok := into.(*activities.ReportResult); ok {
		*result = s.result
	}

	return s.err
}

// asked is when the reports of these tests were asked for.
func asked() time.Time { return time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC) }

// signedMonth is a small report about these items as of an instant, signed by the
// ledger's key of the world.
func signedMonth(t *testing.T, w *doctortest.World, asOf time.Time, items ...string) activities.ReportResult {
	t.Helper()

	signer, err := keys.Signer(w.Config.KeysDir, keys.LedgerSigner)
	if err != nil {
		t.Fatal(err)
	}

	month, err := calendar.ParseMonth("2026-11")
	if err != nil {
		t.Fatal(err)
	}

	facts := report.Facts{
		Month: month, AsOf: asOf, Zone: time.UTC, Ledger: report.Checkpoint{Origin: signer.Name()},
	}
	facts.Rule.Databases = items

	made, err := report.Assemble(facts)
	if err != nil {
		t.Fatal(err)
	}

	signed, err := report.Sign(made, signer)
	if err != nil {
		t.Fatal(err)
	}

	return activities.ReportResult{Holds: true, Report: signed.Report, Note: signed.Note}
}

func TestEvidenceIsWritten(t *testing.T) {
	t.Parallel()

	w := doctortest.NewPolicy(t)
	temporal := &server{result: signedMonth(t, w, asked(), "app")}

	for _, json := range []bool{false, true} {
		dir := t.TempDir()

		var out bytes.Buffer

		a := &app{console: &console.Console{Out: &out, Err: &out, JSON: json, Zone: time.UTC}}
		flags := evidenceFlags{month: "2026-11", database: "app", out: dir, since: asked()}

		if err := a.writeEvidence(t.Context(), temporal, flags, w.Policy, place{ui: "http://127.0.0.1:1", namespace: "default"}); err != nil {
			t.Fatal(err)
		}

		if temporal.name != workflows.BackupEvidenceName || temporal.options.ID != "evidence/backups/2026-11/app" ||
			temporal.options.TaskQueue != workflows.CoreQueue ||
			temporal.params != (workflows.BackupEvidenceParams{Month: "2026-11", Database: "app"}) {
			t.Errorf("%s %+v %+v", temporal.name, temporal.options, temporal.params)
		}

		text, err := os.ReadFile(filepath.Join(dir, "backup-evidence-2026-11-app.json"))
		if err != nil || !strings.Contains(out.String(), "backup-evidence-2026-11-app.html") {
			t.Errorf("%v: %s", err, out.String())
		}

		if _, err := (&app{}).checkEvidence(t.Context(), text, checkFlags{key: w.Policy.Keys.Ledger, offline: true}); err != nil {
			t.Error(err)
		}

		page, err := os.ReadFile(filepath.Join(dir, "backup-evidence-2026-11-app.html"))
		if err != nil || !bytes.Contains(page, []byte("backup-evidence-2026-11-app.json")) {
			t.Error(err)
		}

		if left, err := filepath.Glob(filepath.Join(dir, "*.part")); err != nil || len(left) != 0 {
			t.Errorf("%v, %v", left, err)
		}
	}
}

// Nothing is written that is not signed by the pinned key, not made, or not
// waited for.
func TestEvidenceIsNotWritten(t *testing.T) {
	t.Parallel()

	w, other := doctortest.NewPolicy(t), doctortest.NewPolicy(t)
	w.Policy.Promises.Backups.Files = []policy.Files{{Name: "uploads", Bucket: "popkit-uploads"}}
	w.Policy.Promises.Backups.Copies = []policy.Copy{{Name: "far", Bucket: "popkit-far"}}
	own := w.Policy.Promises.Backups.Items()
	all := slices.Clone(own)

	for _, database := range w.Policy.Promises.Backups.Databases {
		all = append(all, "copies/far/"+database.Name)
	}

	good := signedMonth(t, w, asked(), all...)
	month := func(asOf time.Time, items ...string) *server {
		return &server{result: signedMonth(t, w, asOf, items...)}
	}
	changed := good
	changed.Report = strings.Replace(changed.Report, `"holds":true`, `"holds":false`, 1)

	for name, c := range map[string]struct {
		temporal          *server
		out, month, about string
		code              failure.Code
	}{
		"another key":         {temporal: &server{result: signedMonth(t, other, asked(), all...)}, code: failure.SignatureInvalid},
		"another month":       {temporal: &server{result: good}, month: "2026-10", code: failure.ReportRefused},
		"another report":      {temporal: &server{result: changed}, code: failure.SignatureInvalid},
		"no report":           {temporal: &server{}, code: failure.SignatureInvalid},
		"refused":             {temporal: &server{err: boundary.Outside(failure.New(failure.ReportRefused, "reading"))}, code: failure.ReportRefused},
		"still at work":       {temporal: &server{hang: true}, code: failure.StillRunning},
		"a folder that is no": {temporal: &server{result: good}, out: "nowhere", code: failure.UsageWrong},
		"without the copies":  {temporal: month(asked(), own...), code: failure.ReportRefused},
		"without the files":   {temporal: month(asked(), slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == "files/uploads" })...), code: failure.ReportRefused},
		"without a database":  {temporal: month(asked(), all[1:]...), code: failure.ReportRefused},
		"about one only":      {temporal: month(asked(), all[0]), code: failure.ReportRefused},
		"of before":           {temporal: month(asked().Add(-time.Minute-1), all...), code: failure.ReportRefused},
		"more than was asked": {temporal: &server{result: good}, about: all[0], code: failure.ReportRefused},
		"about another one":   {temporal: month(asked(), all[1]), about: all[0], code: failure.ReportRefused},
		"clocks that are apart, nowhere to write": {
			temporal: month(asked().Add(-time.Minute), all...), out: "nowhere", code: failure.UsageWrong,
		},
		"files, nowhere to write": {temporal: month(asked(), "files/uploads"), about: "files/uploads", out: "nowhere", code: failure.UsageWrong},
	} {
		dir := t.TempDir()
		a := &app{console: &console.Console{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Zone: time.UTC}}
		flags := evidenceFlags{month: cmp.Or(c.month, "2026-11"), out: filepath.Join(dir, c.out), timeout: 50 * time.Millisecond, database: c.about, since: asked()}

		if err := a.writeEvidence(t.Context(), c.temporal, flags, w.Policy, place{}); !failure.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}

		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: %v, %v", name, left, err)
		}
	}
}
