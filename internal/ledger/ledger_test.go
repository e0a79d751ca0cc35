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
	"pgregory.net/rapid"

	"steward/internal/failure"
	"steward/internal/ledger"
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
		ledger.RemovalBody{Backup: "bkp_aaaa", Database: "app", Day: "2026-11-22"}.WithObjects([]ledger.ObjectBody{{Name: "app/2026-11-22/att_a/archive", Generation: 5}}),
		ledger.OverdueBody{Backup: "bkp_aaaa", Object: "app/2026-11-22/att_a/archive", Generation: 5, DueAt: since, Cause: "storage_refused"},
		ledger.ExceptionBody{Backup: "bkp_aaaa", Database: "app", Day: "2026-11-22", DueAt: since, Cause: "last_drilled"},
		ledger.CopyBody{
			Backup: "bkp_aaaa", Database: "app", Day: "2026-11-22", Location: "far", Generation: 5, SnapshotAt: since,
			ManifestSHA256: strings.Repeat("0d", 32),
			Objects:        []ledger.ObjectBody{{Name: "app/2026-11-22/att_a/archive", Generation: 5}},
		},
		ledger.FilesBody{Backup: "fbk_aaaa", Files: "uploads", Day: "2026-11-22", SnapshotAt: &since, Count: 3, Fresh: 1},
		ledger.FilesExceptionBody{Backup: "fbk_aaaa", Files: "uploads", Day: "2026-11-22", DueAt: since, Cause: "last_drilled", Contents: 3},
		ledger.FilesObjectsBody{Files: "uploads", DueAt: &since, Cause: "retained"}.Naming([]ledger.ObjectBody{{Name: "uploads/contents/cnt_a", Generation: 5}})[0],
		ledger.ErasureBody{Erasure: "ers_a", Commitment: strings.Repeat("0a", 32), PlanSHA256: strings.Repeat("0b", 32), Cause: "dsr"},
		ledger.CertificateBody{
			Certificate: "crt_a", Erasure: "era_a", Stage: "final", FileSHA256: strings.Repeat("0e", 32), Open: 2, GoneBy: "2026-12-01",
		},
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

func (broken) Exec(context.Context, string, ...any) (int64, error) { return 0, errGone }

func (broken) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errGone }

func (broken) QueryRow(context.Context, string, ...any) pgx.Row { return brokenRow{} }

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
