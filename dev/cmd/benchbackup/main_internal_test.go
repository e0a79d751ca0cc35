package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain lets the bench start this test program as its children.
func TestMain(m *testing.M) {
	if os.Getenv(planVariable) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestSmoke measures a tiny database once: every figure is there, and a drill has found the backup equal.
func TestSmoke(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--size", "4", "--rounds", "1", "--json"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	steps := []string{stepDump, stepAge, stepTake, stepTakeNoHash, stepRestore, stepDrill}
	for _, step := range steps {
		if got.Rounds[0].Steps[step] <= 0 {
			t.Errorf("%s was not measured", step)
		}
	}
	if len(got.Figures) != 6 || len(got.CPU) != 4 || got.DumpBytes < 1_000_000 || got.StoredBytes <= 0 {
		t.Errorf("%+v", got)
	}
	for _, f := range got.Figures {
		if f.Median <= 0 || f.Aim <= 0 || f.Reached != (f.Median <= f.Aim) {
			t.Errorf("%+v", f)
		}
	}
	out.Reset()
	if err := got.write(&out); err != nil || !strings.Contains(out.String(), "storage stand-in") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--size", "1"}, {"--rounds", "0"}, {"more"}, {"--unknown"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q are accepted", args)
		}
	}
}
