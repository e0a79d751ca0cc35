package seal_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/seal"
	"steward/internal/postgres"
)

func TestProofsFromTheDatabase(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	s := h.sealer(seal.Config{MaxEntries: 5})
	ids := h.append(t, h.db, 13)
	sealed(t, s, 5)

	old, err := ledger.ReadHead(t.Context(), h.db)
	if err != nil {
		t.Fatal(err)
	}

	sealed(t, s, 5)
	sealed(t, s, 3)

	for i, id := range ids {
		entry, position, err := ledger.Find(t.Context(), h.db, id)
		if err != nil || position != int64(i) {
			t.Fatalf("%d, %v", position, err)
		}

		proof, err := ledger.Prove(t.Context(), h.db, position)
		if err != nil {
			t.Fatal(err)
		}

		if _, at, err := ledger.VerifyProof(entry.Leaf(), proof.Encode(), h.verifier); err != nil || at != position {
			t.Fatalf("%d, %v", at, err)
		}
	}

	since, err := ledger.ProveSince(t.Context(), h.db, old.Size)
	if err != nil {
		t.Fatal(err)
	}

	newer, err := ledger.VerifyConsistency([]byte(old.Checkpoint), since.Encode(), h.verifier)
	if err != nil || newer.Size != 13 {
		t.Fatalf("%d, %v", newer.Size, err)
	}

	if _, err := ledger.Prove(t.Context(), h.db, 13); !failure.Is(err, failure.EvidenceMissing) {
		t.Fatal(err)
	}

	if _, err := ledger.ProveSince(t.Context(), h.db, 14); !failure.Is(err, failure.EvidenceMissing) {
		t.Fatal(err)
	}
}

// What each role may do, and what nobody may.
func TestDatabaseRefusesToForget(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 2)
	sealed(t, h.sealer(seal.Config{}), 2)
	h.append(t, h.db, 1)

	insert := func(kind string) string {
		return `INSERT INTO ledger.entries (id, kind, at, body)
			VALUES ('led_aaaaaaaaaaaaaaaaaaaaaaaaaa', '` + kind + `', '2026-01-01', '{}')`
	}

	for _, test := range []struct {
		role, sql string
		allowed   bool
	}{
		{"postgres", `UPDATE ledger.entries SET body = '{"a":1}'`, false},
		{"postgres", `UPDATE ledger.entries SET position = position + 10 WHERE position IS NOT NULL`, false},
		{"postgres", `DELETE FROM ledger.entries`, false},
		{"postgres", `TRUNCATE ledger.entries`, false},
		{"postgres", `UPDATE ledger.hashes SET idx = idx + 100`, false},
		{"postgres", `DELETE FROM ledger.hashes`, false},
		{"postgres", `TRUNCATE ledger.hashes`, false},
		{"postgres", `UPDATE ledger.segments SET to_position = 9`, false},
		{"postgres", `DELETE FROM ledger.segments`, false},
		{"postgres", `TRUNCATE ledger.segments`, false},
		{"postgres", `UPDATE ledger.head SET size = 0`, false},
		{"postgres", `DELETE FROM ledger.head`, false},
		{"postgres", `TRUNCATE ledger.head`, false},
		{"steward_backup", insert("backup.stored"), true},
		{"steward_drill", insert("backup.drilled"), true},
		{"steward_core", insert("x"), true},
		{"steward_backup", `SELECT size FROM ledger.head`, true},
		{"steward_backup", `UPDATE ledger.entries SET position = 9`, false},
		{"steward_drill", `UPDATE ledger.entries SET position = 9`, false},
		{"steward_drill", `DELETE FROM ledger.entries`, false},
		{"steward_core", `UPDATE ledger.entries SET kind = 'y'`, false},
		{"steward_core", `DELETE FROM ledger.entries`, false},
		{"steward_core", `UPDATE ledger.hashes SET idx = 9`, false},
		{"steward_core", `UPDATE ledger.entries SET position = 2, leaf_hash = sha256('') WHERE position IS NULL`, true},
	} {
		err := h.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+test.role); err != nil {
				return err
			}

			if _, err := tx.Exec(ctx, test.sql); err != nil {
				return err
			}

			return errRollBack
		})
		if allowed := errors.Is(err, errRollBack); allowed != test.allowed {
			t.Errorf("%s: %s: %v", test.role, test.sql, err)
		}
	}
}

var errRollBack = errors.New("roll back")

// behindTheBack changes the database as a superuser can who switches triggers off.
func (h *house) behindTheBack(t *testing.T, sql string) {
	t.Helper()

	err := h.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}

		_, err := tx.Exec(ctx, sql)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A database that was changed behind the sequencer's back is not built upon.
func TestSealRefusesAChangedDatabase(t *testing.T) {
	t.Parallel()

	for sql, found := range map[string]audit.What{
		`DELETE FROM ledger.hashes`:                                              audit.StoredHashWrong,
		`UPDATE ledger.hashes SET hash = sha256('x')`:                            audit.StoredHashWrong,
		`UPDATE ledger.head SET root = sha256('x')`:                              audit.HeadMismatch,
		`UPDATE ledger.head SET size = 3`:                                        audit.HeadMismatch,
		`UPDATE ledger.segments SET sha256 = sha256('x')`:                        audit.SegmentChanged,
		`UPDATE ledger.entries SET body = '{"a":1}' WHERE position = 1`:          audit.Changed,
		`DELETE FROM ledger.entries WHERE position = 3`:                          audit.CutTail,
		`UPDATE ledger.entries SET leaf_hash = sha256('x') WHERE position = 2`:   audit.StoredHashWrong,
		`UPDATE ledger.entries SET position = position + 10 WHERE position >= 0`: audit.Reordered,
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()

			h := newHouse(t)
			h.append(t, h.db, 4)
			sealed(t, h.sealer(seal.Config{}), 4)
			h.append(t, h.db, 1)
			h.behindTheBack(t, sql)

			report := h.audited(t)
			if !slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Where == audit.Database && f.What == found }) {
				t.Errorf("found %v, want %s", report.Findings, found)
			}

			_, err := h.sealer(seal.Config{}).Seal(t.Context())
			if found == audit.StoredHashWrong && strings.Contains(sql, "leaf_hash") {
				// The sequencer does not read what stands beside sealed entries.
				return
			}

			if !failure.Is(err, failure.LedgerTampered) && !failure.Is(err, failure.Unavailable) {
				t.Errorf("sealed on top of it: %v", err)
			}
		})
	}
}

// A proof from hashes that are gone is refused, not made up.
func TestProofsNeedTheHashes(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 5)
	sealed(t, h.sealer(seal.Config{}), 5)
	h.behindTheBack(t, `DELETE FROM ledger.hashes`)

	if _, err := ledger.Prove(t.Context(), h.db, 1); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}

	if _, err := ledger.ProveSince(t.Context(), h.db, 3); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}
}
