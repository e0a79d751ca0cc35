package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
)

// day is when the entries of these tests happen; its nanoseconds are cut.
func day() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 1500, time.UTC) }

func observed(what string) ledger.ObservedBody {
	return ledger.ObservedBody{What: what, Object: "backups", Count: 3, Code: "as.policy"}
}

func TestEveryKindTakesItsBodyOnly(t *testing.T) {
	t.Parallel()

	since := day().Truncate(time.Second)
	bodies := []ledger.Body{
		ledger.BackupBody{Backup: "bkp_aaaa", Database: "app", Day: "2026-11-22", SnapshotAt: &since, SizeBytes: 12},
		ledger.ErasureBody{Erasure: "ers_a", Commitment: strings.Repeat("0a", 32), PlanSHA256: strings.Repeat("0b", 32), Cause: "dsr"},
		ledger.ActBody{Act: "act_a", Actor: "stf_a", Role: "support", Verb: "dsr.approve", Object: "dsr_a"},
		ledger.PromiseBody{Promise: "daily.backup", Code: "stale", Since: since},
		ledger.PolicyBody{PolicySHA256: strings.Repeat("0c", 32), Version: "v1.2.3", Role: "core"},
		observed("bucket"),
	}

	taken := 0

	for _, row := range ledger.Kinds() {
		for _, body := range bodies {
			entry, err := ledger.NewEntry(row.Kind, day(), body)
			if err != nil {
				continue
			}

			taken++

			parsed, err := ledger.ParseLeaf(entry.Leaf())
			if err != nil || parsed.Hash() != entry.Hash() || !parsed.At.Equal(day().Truncate(time.Microsecond)) {
				t.Errorf("%s: %v", row.Kind, err)
			}

			if diff := cmp.Diff(entry, parsed); diff != "" {
				t.Errorf("%s: %s", row.Kind, diff)
			}
		}
	}

	if taken != len(ledger.Kinds()) {
		t.Errorf("%d bodies taken for %d kinds", taken, len(ledger.Kinds()))
	}
}

// What a careless caller could put into a field, and what must never get in.
func TestPersonalDataIsRefused(t *testing.T) {
	t.Parallel()

	for _, value := range []string{
		"anna.berger@example.com", "Anna Berger", "+43 660 1234567", "436601234567", "192.168.0.1", "fe80::1", "Straße 5",
		"anna berger", "", " ", "a\nb", "a\"b", "x@y", "Mozilla/5.0 (X11)", "ανna", strings.Repeat("a", 129), "https://example.com/?q=1",
	} {
		_, err := ledger.Canonical(observed(value))
		if !failure.Is(err, failure.LedgerEntryRefused) {
			t.Errorf("%q: %v", value, err)
		}

		if value != "" && value != " " && err != nil && strings.Contains(err.Error(), value) {
			t.Errorf("the error repeats %q", value)
		}
	}
}

func TestNewEntryRefuses(t *testing.T) {
	t.Parallel()

	for name, call := range map[string]func() (ledger.Entry, error){
		"unknown kind": func() (ledger.Entry, error) { return ledger.NewEntry("no.kind", day(), observed("a")) },
		"other body":   func() (ledger.Entry, error) { return ledger.NewEntry(ledger.Tombstone, day(), observed("a")) },
		"no body":      func() (ledger.Entry, error) { return ledger.NewEntry(ledger.Tombstone, day(), nil) },
		"no time":      func() (ledger.Entry, error) { return ledger.NewEntry(ledger.Observed, time.Time{}, observed("a")) },
		"mad time": func() (ledger.Entry, error) {
			return ledger.NewEntry(ledger.Observed, day().AddDate(9000, 0, 0), observed("a"))
		},
		"bad value": func() (ledger.Entry, error) { return ledger.NewEntry(ledger.Observed, day(), observed("A")) },
		"unprintable time": func() (ledger.Entry, error) {
			return ledger.NewEntry(ledger.PromiseBroken, day(), ledger.PromiseBody{Promise: "a", Code: "b", Since: day().AddDate(9000, 0, 0)})
		},
	} {
		if _, err := call(); !failure.Is(err, failure.LedgerEntryRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// leafOf puts a body into an otherwise good leaf.
func leafOf(body string) []byte {
	return []byte(`{"at":"2026-11-22T03:00:00.000001Z","body":` + body +
		`,"id":"led_aaaaaaaaaaaaaaaaaaaaaaaaaa","kind":"world.observed","v":1}`)
}

func TestLeavesThatAreNone(t *testing.T) {
	t.Parallel()

	good := `{"a":1,"b":["x",true,{"c":-5}],"d":"2026-11-22"}`
	if _, err := ledger.ParseLeaf(leafOf(good)); err != nil {
		t.Fatal(err)
	}

	for _, body := range []string{
		``, `null`, `[]`, `1`, `{"b":1,"a":1}`, `{"a": 1}`, `{"a":1.5}`, `{"a":1e3}`, `{"a":-0}`, `{"a":null}`, `{"a":""}`, `{"A":1}`,
		`{"a":1}{}`, `{"a":1,"a":1}`, `{"a":{"b":{"c":{"d":{"e":1}}}}}`, `{"a":[[[[1]]]]}`, `{"a":["B"]}`, `{"a":"\u0062"}`,
		`{"a":"` + strings.Repeat("a", 5000) + `"}`, `{"a":[` + strings.Repeat("1,", 3000) + `1]}`, `{`,
	} {
		if _, err := ledger.ParseLeaf(leafOf(body)); !failure.Is(err, failure.LedgerEntryRefused) {
			t.Errorf("%.40q was taken: %v", body, err)
		}
	}

	whole := string(leafOf(good))
	for i := range whole {
		if _, err := ledger.ParseLeaf([]byte(whole[:i])); err == nil {
			t.Errorf("a leaf cut at %d was taken", i)
		}
	}

	for _, leaf := range []string{
		strings.Replace(whole, "000001Z", "000001+00:00", 1), strings.Replace(whole, "led_a", "led-a", 1),
		strings.Replace(whole, "world.observed", "World", 1), strings.Replace(whole, "2026", "1969", 1),
	} {
		if _, err := ledger.ParseLeaf([]byte(leaf)); err == nil {
			t.Errorf("taken: %s", leaf)
		}
	}

	if ledger.LeafID([]byte(whole)) != "led_aaaaaaaaaaaaaaaaaaaaaaaaaa" || ledger.LeafID([]byte("x")) != "" {
		t.Error("LeafID")
	}
}

func TestCheckpointHasOneTextAndOneKey(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	_, other := ledgertest.Keys(t)
	checkpoint := ledger.Checkpoint{Origin: signer.Name(), Size: 50, Root: tlog.RecordHash([]byte("x")), At: day().Truncate(time.Microsecond)}

	signed, err := checkpoint.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}

	got, err := ledger.OpenCheckpoint(signed, verifier)
	if err != nil || got != checkpoint {
		t.Fatalf("%+v, %v", got, err)
	}

	for i := range signed {
		for bit := range 8 {
			changed := bytes.Clone(signed)
			changed[i] ^= 1 << bit

			if _, err := ledger.OpenCheckpoint(changed, verifier); !failure.Is(err, failure.SignatureInvalid) {
				t.Fatalf("byte %d bit %d: %v", i, bit, err)
			}
		}
	}

	if _, err := ledger.OpenCheckpoint(signed, other); !failure.Is(err, failure.SignatureInvalid) {
		t.Error("another key opened it")
	}

	checkpoint.Origin = "elsewhere"
	if _, err := checkpoint.Sign(signer); err == nil {
		t.Error("signed for another origin")
	}

	checkpoint.Origin = ledgertest.Origin
}

func TestSegmentRoundTrip(t *testing.T) {
	t.Parallel()

	signer, _ := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 3)
	name := ledger.SegmentName(0, 3)
	data := world.Objects[name]

	segment, err := ledger.ParseSegment(data)
	if err != nil || len(segment.Lines) != 3 || !bytes.Equal(segment.Encode(), data) {
		t.Fatalf("%+v, %v", segment, err)
	}

	if from, to, ok := ledger.ParseSegmentName(name); from != 0 || to != 3 || !ok {
		t.Error(name)
	}

	for _, broken := range []string{
		"", "x", string(data[:40]), string(data) + "\n", strings.Replace(string(data), "range 0 3", "range 0 4", 1),
		strings.Replace(string(data), "\n1 ", "\n2 ", 1), strings.Replace(string(data), "\n1 ", "\nx ", 1),
	} {
		if _, err := ledger.ParseSegment([]byte(broken)); !failure.Is(err, failure.LedgerTampered) {
			t.Errorf("%.50q was taken", broken)
		}
	}

	for _, name := range []string{"segments/3-0", "segments/000000000003-000000000001", "other/000000000000-000000000001", "segments/x"} {
		if _, _, ok := ledger.ParseSegmentName(name); ok {
			t.Errorf("%s was taken", name)
		}
	}

	if _, ok := ledger.ParseStagingName(ledger.StagingName(7, 9, [32]byte{})); !ok {
		t.Error("a staging name was not taken")
	}
}

func proofs(t *testing.T) (ledgertest.World, func(int64) []byte, func([]byte) error) {
	t.Helper()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 5, 8)
	prove := func(position int64) []byte {
		path, err := tlog.ProveRecord(13, position, world.Reader())
		if err != nil {
			t.Fatal(err)
		}

		return ledger.Proof{Index: position, Path: path, Checkpoint: []byte(world.Head.Checkpoint)}.Encode()
	}

	return world, prove, func(proof []byte) error {
		_, position, err := ledger.VerifyProof(world.Rows[4].Entry.Leaf(), proof, verifier)
		if err == nil && position != 4 {
			return errors.New("another position")
		}

		return err
	}
}

func TestProofHoldsForOneLeafOnly(t *testing.T) {
	t.Parallel()

	_, prove, verify := proofs(t)
	good := prove(4)

	if err := verify(good); err != nil {
		t.Fatal(err)
	}

	if err := verify(prove(5)); !failure.Is(err, failure.SignatureInvalid) {
		t.Errorf("a proof of another leaf: %v", err)
	}

	for i := range good {
		changed := bytes.Clone(good)
		changed[i] ^= 1

		if err := verify(changed); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}

	for _, text := range []string{"", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nindex 1\n" + strings.Repeat("x\n", 70) + "\n"} {
		if err := verify([]byte(text)); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestConsistencyHoldsForOneHistoryOnly(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 5, 8, 4)
	fork := ledgertest.NewWorld(t, signer, 5, 8, 4)

	path, err := tlog.ProveTree(17, 5, world.Reader())
	if err != nil {
		t.Fatal(err)
	}

	proof := ledger.Consistency{OldSize: 5, Path: path, Checkpoint: []byte(world.Head.Checkpoint)}.Encode()

	newer, err := ledger.VerifyConsistency([]byte(world.Segments[0].Checkpoint), proof, verifier)
	if err != nil || newer.Size != 17 {
		t.Fatal(err)
	}

	for name, old := range map[string]string{
		"fork": fork.Segments[0].Checkpoint, "other size": world.Segments[1].Checkpoint, "no checkpoint": "x",
	} {
		if _, err := ledger.VerifyConsistency([]byte(old), proof, verifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}

	for i := range proof {
		changed := bytes.Clone(proof)
		changed[i] ^= 1

		if _, err := ledger.VerifyConsistency([]byte(world.Segments[0].Checkpoint), changed, verifier); err == nil {
			t.Errorf("byte %d changed", i)
		}
	}
}

// Whatever a body holds, its canonical form is read back as itself.
func TestCanonicalIsStable(t *testing.T) {
	t.Parallel()

	code := rapid.StringMatching(`[a-z][a-z0-9]{0,9}([._/-][a-z0-9]{1,5}){0,3}`)

	rapid.Check(t, func(r *rapid.T) {
		body := ledger.ObservedBody{
			What: code.Draw(r, "what"), Object: code.Draw(r, "object"), Count: rapid.Int64().Draw(r, "count"), Code: code.Draw(r, "code"),
		}

		text, err := ledger.Canonical(body)
		if err != nil {
			r.Fatal(err)
		}

		entry, err := ledger.ParseLeaf(leafOf(string(text)))
		if err != nil || !bytes.Equal(entry.Body, text) {
			r.Fatalf("%s: %v", text, err)
		}
	})
}

// broken is a database that does not answer.
type broken struct{}

var errGone = errors.New("gone")

func (broken) Exec(context.Context, string, ...any) (int64, error)     { return 0, errGone }
func (broken) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errGone }
func (broken) QueryRow(context.Context, string, ...any) pgx.Row        { return brokenRow{} }

type brokenRow struct{}

func (brokenRow) Scan(...any) error { return errGone }

func TestDatabaseThatDoesNotAnswer(t *testing.T) {
	t.Parallel()

	_, appendErr := ledger.Append(t.Context(), broken{}, ledger.Observed, day(), observed("a"))
	_, refusedErr := ledger.Append(t.Context(), broken{}, ledger.Observed, day(), observed("A"))
	_, headErr := ledger.ReadHead(t.Context(), broken{})
	_, _, findErr := ledger.Find(t.Context(), broken{}, "led_a")
	_, proveErr := ledger.Prove(t.Context(), broken{}, 0)
	_, sinceErr := ledger.ProveSince(t.Context(), broken{}, 1)
	_, hashErr := ledger.HashReader(t.Context(), broken{}).ReadHashes([]int64{1})

	for name, err := range map[string]error{
		"append": appendErr, "head": headErr, "find": findErr, "prove": proveErr, "since": sinceErr, "hash": hashErr,
	} {
		if !failure.Is(err, failure.Unavailable) || !errors.Is(err, errGone) {
			t.Errorf("%s: %v", name, err)
		}
	}

	if !failure.Is(refusedErr, failure.LedgerEntryRefused) {
		t.Error(refusedErr)
	}
}
