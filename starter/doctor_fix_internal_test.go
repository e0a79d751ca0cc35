package main

import (
	"bytes"
	"strings"
	"testing"

	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/doctor"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/pgtest"
)

// TestAPersonIsAsked covers what a script cannot: somebody at a terminal, who is
// asked once, and only where something asks.
func TestAPersonIsAsked(t *testing.T) {
	t.Parallel()

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	wanted := guard.Bucket{Name: "backups", Settings: gcs.Settings{Location: "EU", UniformAccess: true, PublicAccessPrevented: true}}
	drifted := wanted.Settings
	drifted.LifecycleDeleteAfter, drifted.OtherLifecycleRules, drifted.Retention = 0, 0, 1e9

	if _, err := client.Bucket(wanted.Name).Create(t.Context(), drifted); err != nil {
		t.Fatal(err)
	}

	db := pgtest.Steward(t)
	elsewhere := wanted
	elsewhere.Settings.Location = "US"

	for _, test := range []struct {
		answer  string
		wanted  guard.Bucket
		code    failure.Code
		outcome doctor.Outcome
		asked   bool
	}{
		{"n\n", wanted, failure.NotConfirmed, doctor.Left, true},
		{"y\n", wanted, "", doctor.Mended, true},
		{"y\n", elsewhere, "", doctor.Person, false},
	} {
		var errs bytes.Buffer

		a := &app{console: &console.Console{Err: &errs, In: strings.NewReader(test.answer)}}

		mends, err := a.fix(t.Context(), &doctor.Doctor{
			Config: config.Config{StewardDatabase: db}, Clock: clocks.System(), Storage: client, Buckets: []guard.Bucket{test.wanted},
		}, false)
		if failure.CodeOf(err) != test.code || len(mends) != 1 || mends[0].Outcome != test.outcome {
			t.Errorf("%q: %+v, %v", test.answer, mends, err)
		}

		if asked := strings.Contains(errs.String(), "[y/N] "); asked != test.asked || !strings.HasPrefix(errs.String(), "The plan:\n- backups: ") {
			t.Errorf("%q: %s", test.answer, errs.String())
		}

		if act := strings.Contains(errs.String(), "The ledger has it as act_"); act != (test.outcome == doctor.Mended) {
			t.Errorf("%q: %s", test.answer, errs.String())
		}

		if err := a.close(); err != nil {
			t.Error(err)
		}
	}
}
