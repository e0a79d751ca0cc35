package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the bench start this test program as its idle server.
func TestMain(m *testing.M) {
	if os.Getenv(idleVariable) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestSmoke measures everything once and shortly: the report is JSON of the form that is published, everything in it was
// measured, and each ratio is that of what was measured.
func TestSmoke(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--clients", "2", "--rounds", "1", "--time", "1s", "--json"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &members); err != nil {
		t.Fatal(err)
	}
	want := []string{"clients", "cores", "cpu", "figures", "floods", "load", "rounds", "seconds", "temporal_calls", "tokens"}
	if names := slices.Sorted(maps.Keys(members)); !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	var got report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Clients != 2 || got.Seconds != 1 || got.Cores < 1 || got.TemporalCalls != 0 || len(got.Rounds) != 1 || len(got.Floods) != 1 {
		t.Fatalf("%s", out.Bytes())
	}
	checkLoads(t, got)
	checkRatios(t, got)
	out.Reset()
	if err := got.write(&out); err != nil || !strings.Contains(out.String(), "the flood, elsewhere") {
		t.Errorf("%v: %s", err, out.String())
	}
}

// checkLoads says which part of a report nobody measured.
func checkLoads(t *testing.T, got report) {
	t.Helper()
	r, f := got.Rounds[0], got.Floods[0]
	for name, each := range map[string]load{
		"insert": r.Insert, "accounts": r.Accounts, "pgbench": r.PGBench, "single": r.Single, "hundred": r.Hundred,
		"alone": f.Alone, "peer": f.Peer, "beside": f.Beside, "bad": f.Bad, "bad peer": f.BadPeer,
	} {
		if each.PerSecond <= 0 || each.P50MS <= 0 || each.P99MS < each.P50MS {
			t.Errorf("%s: %+v", name, each)
		}
	}
	for name, each := range map[string]load{
		"right": got.Tokens.Right, "wrong secret": got.Tokens.WrongSecret, "stranger": got.Tokens.Stranger, "garbage": got.Tokens.Garbage,
	} {
		if each.P50MS <= 0 || each.P99MS < each.P50MS {
			t.Errorf("%s: %+v", name, each)
		}
	}
}

// checkRatios makes the ratios of one round again.
func checkRatios(t *testing.T, got report) {
	t.Helper()
	r, f := got.Rounds[0], got.Floods[0]
	want := []float64{
		r.Accounts.PerSecond / r.Insert.PerSecond, r.Single.PerSecond / r.PGBench.PerSecond, r.Hundred.PerSecond / r.PGBench.PerSecond,
		f.Beside.P99MS / f.Alone.P99MS, f.Peer.P99MS / f.Alone.P99MS, got.Tokens.WrongSecret.P50MS / got.Tokens.Stranger.P50MS,
	}
	for i, each := range []load{r.Accounts, r.Single, r.Hundred} {
		to := []load{r.Insert, r.PGBench, r.PGBench}[i]
		if got.CPU[i].Median != to.CPUMicros/each.CPUMicros || got.CPU[i].Reached || each.CPUMicros <= each.APIMicros || each.APIMicros <= 0 {
			t.Errorf("%+v of %+v", got.CPU[i], each)
		}
	}
	if len(got.Figures) != len(want) {
		t.Fatalf("%+v", got.Figures)
	}
	for i, each := range got.Figures {
		if each.Median != want[i] || each.Least != want[i] || each.Most != want[i] {
			t.Errorf("%+v is not %v", each, want[i])
		}
		if reached := each.Median >= each.Aim != each.AtMost; each.Aim > 0 && each.Median != each.Aim && each.Reached != reached {
			t.Errorf("%+v", each)
		}
	}
}

// The ratio is made within a round: the median of ratios is not the ratio of medians.
func TestJudge(t *testing.T) {
	t.Parallel()
	pace := func(of, to float64) round {
		each, yard := load{PerSecond: of, CPUMicros: 2}, load{PerSecond: to, CPUMicros: 1}
		return round{Insert: yard, PGBench: yard, Accounts: each, Single: each, Hundred: each}
	}
	r := report{
		Rounds: []round{pace(1, 10), pace(60, 100), pace(400, 1000)},
		Floods: []flood{{Ratio: 3, PeerRatio: 1}, {Ratio: 1, PeerRatio: 1}, {Ratio: 2, PeerRatio: 4}},
		Tokens: tokenTimes{WrongSecret: load{P50MS: 3}, Stranger: load{P50MS: 2}},
	}
	r.judge()
	for i, want := range []float64{0.4, 0.4, 0.4, 2, 1, 1.5} {
		if got := r.Figures[i]; got.Median != want || got.Reached {
			t.Errorf("%+v, not %v", got, want)
		}
	}
	for _, got := range r.CPU {
		if got.Median != 0.5 {
			t.Errorf("%+v", got)
		}
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	prefix := filepath.Join(t.TempDir(), "log")
	write := func(name, text string) {
		if err := os.WriteFile(prefix+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".1", "0 199 2241 0 1175850568 995598\n0 200 2465 0 1175850568 998079\n")
	write(".1.1", "1 7 1000 0 1175850569 608\n")
	got, err := latencies(prefix)
	slices.Sort(got)
	if want := []time.Duration{1000 * time.Microsecond, 2241 * time.Microsecond, 2465 * time.Microsecond}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"0 199\n", "0 199 skipped 0\n"} {
		write(".1.1", text)
		if _, err := latencies(prefix); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	took := make([]time.Duration, 200)
	for i := range took {
		took[i] = time.Duration(200-i) * time.Millisecond
	}
	if got := percentile(took, 50); got != 100 {
		t.Error(got)
	}
	if got := percentile(took, 99); got != 198 {
		t.Error(got)
	}
	if got := percentile(nil, 99); got != 0 {
		t.Error(got)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--clients", "0"}, {"--clients", "129"}, {"--rounds", "0"}, {"--time", "10ms"}, {"more"}, {"--unknown"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q are accepted", args)
		}
	}
}
