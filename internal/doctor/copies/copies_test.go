package copies_test

import (
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/doctor/copies"
	"steward/internal/doctor/doctortest"
	"steward/internal/evidence"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/gcsmirror"
	"steward/internal/ledger/ledgertest"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func both(t *testing.T, w *doctortest.World) evidence.Verifier {
	t.Helper()

	key, err := note.NewVerifier(w.Policy.Keys.Ledger)
	if err != nil {
		t.Fatal(err)
	}

	return evidence.Verifier{
		Steward: w.Steward, Mirror: gcsmirror.New(w.Storage.Bucket(w.Policy.Storage.Ledger)), Key: key, Patience: 0.001,
	}
}

func verify(t *testing.T, w *doctortest.World, kept ...[]byte) audit.Report {
	t.Helper()

	report, err := copies.Verify(t.Context(), both(t, w), w.Clock.Now(), kept)
	if err != nil {
		t.Fatal(err)
	}

	return report
}

func TestBothCopiesAndWhatWasKept(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	w.Backup(t, "2026-11-22")

	head, err := ledger.ReadHead(t.Context(), w.Steward)
	if err != nil {
		t.Fatal(err)
	}

	if report := verify(t, w, []byte(head.Checkpoint)); !report.Clean() || report.Size == 0 {
		t.Errorf("%+v", report)
	}

	// Somebody else's ledger, or ours with a forged signature.
	signer, _ := ledgertest.Keys(t)

	forged, err := ledger.Checkpoint{Origin: signer.Name(), Size: 1, Root: head.Root, At: head.At}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}

	if report := verify(t, w, forged); report.Clean() || report.Findings[0].Where != audit.Kept {
		t.Errorf("%+v", report)
	}
}

func TestAChangedEntryIsFound(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	w.Backup(t, "2026-11-22")

	if _, err := w.Steward.Exec(t.Context(), "alter table ledger.entries disable trigger all"); err != nil {
		t.Fatal(err)
	}

	if _, err := w.Steward.Exec(t.Context(), `update ledger.entries set body = replace(body, '2026-11-22', '2026-11-21')`); err != nil {
		t.Fatal(err)
	}

	report := verify(t, w)
	if report.Clean() || !report.Tampered() || report.Findings[0].Where != audit.Database || report.Findings[0].What != audit.Changed {
		t.Errorf("%+v", report)
	}
}

// An entry that waits within the limit is news; one that waits longer is a finding,
// though no tampering.
func TestASealThatIsLate(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	w.Backup(t, "2026-11-22")

	verifier := both(t, w)
	verifier.SealWithin = 15 * time.Minute

	appended := w.Clock.Now()
	if _, err := ledger.Append(t.Context(), w.Steward, ledger.Observed, appended, ledger.ObservedBody{What: "w", Object: "o", Code: "c"}); err != nil {
		t.Fatal(err)
	}

	for after, late := range map[time.Duration]bool{time.Minute: false, time.Hour: true} {
		report, err := copies.Verify(t.Context(), verifier, appended.Add(after), nil)
		if err != nil || report.Unsealed != 1 || report.Clean() == late || report.Tampered() {
			t.Fatalf("after %s: %+v, %v", after, report, err)
		}

		if late && (len(report.Findings) != 1 || report.Findings[0].What != audit.UnsealedOld) {
			t.Errorf("after %s: %+v", after, report.Findings)
		}
	}
}
