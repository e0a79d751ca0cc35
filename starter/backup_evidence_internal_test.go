package main

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
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

// signedMonth is a small report, signed by the ledger's key of the world.
func signedMonth(t *testing.T, w *doctortest.World) activities.ReportResult {
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
		Month: month, AsOf: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), Zone: time.UTC, Ledger: report.Checkpoint{Origin: signer.Name()},
	}
	facts.Rule.Databases = []string{"app"}

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
	temporal := &server{result: signedMonth(t, w)}

	for _, json := range []bool{false, true} {
		dir := t.TempDir()

		var out bytes.Buffer

		a := &app{console: &console.Console{Out: &out, Err: &out, JSON: json, Zone: time.UTC}}
		flags := evidenceFlags{month: "2026-11", database: "app", out: dir}

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
	good := signedMonth(t, w)
	changed := good
	changed.Report = strings.Replace(changed.Report, `"holds":true`, `"holds":false`, 1)

	for name, c := range map[string]struct {
		temporal   *server
		out, month string
		code       failure.Code
	}{
		"another key":         {&server{result: signedMonth(t, other)}, "", "", failure.SignatureInvalid},
		"another month":       {&server{result: good}, "", "2026-10", failure.ReportRefused},
		"another report":      {&server{result: changed}, "", "", failure.SignatureInvalid},
		"no report":           {&server{}, "", "", failure.SignatureInvalid},
		"refused":             {&server{err: boundary.Outside(failure.New(failure.ReportRefused, "reading"))}, "", "", failure.ReportRefused},
		"still at work":       {&server{hang: true}, "", "", failure.StillRunning},
		"a folder that is no": {&server{result: good}, "nowhere", "", failure.UsageWrong},
	} {
		dir := t.TempDir()
		a := &app{console: &console.Console{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Zone: time.UTC}}
		flags := evidenceFlags{month: cmp.Or(c.month, "2026-11"), out: filepath.Join(dir, c.out), timeout: 50 * time.Millisecond}

		if err := a.writeEvidence(t.Context(), c.temporal, flags, w.Policy, place{}); !failure.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}

		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: %v, %v", name, left, err)
		}
	}
}
