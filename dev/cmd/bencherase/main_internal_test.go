package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// TestSmoke measures everything once and shortly: everything in the report was measured.
func TestSmoke(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--displays", "2000", "--rounds", "1", "--idle", "1ns", "--json"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	r := got.Rounds[0]
	if len(got.Figures) != 7 || r.Engine.Rows < r.Cascade.Rows || r.Cascade.Rows < 100 || r.CopySeconds <= 0 || r.ManySeconds <= 0 {
		t.Fatalf("%s", out.Bytes())
	}
	for _, each := range got.Figures {
		if each.Median <= 0 {
			t.Errorf("%s was not measured", each.Name)
		}
	}
	out.Reset()
	if err := got.write(&out); err != nil || !strings.Contains(out.String(), "cascade") {
		t.Errorf("%v: %s", err, out.String())
	}
}
