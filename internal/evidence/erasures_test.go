package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/evidence"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// What is told of erasures comes from tombstones, certificates and what is left, as the role that audits may read them.
func TestErasuresAreReadFromWhatStays(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	root, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(root.Close)

	core, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_core"))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(core.Close)

	decided := func(at time.Time) string {
		id := ids.New("era")
		run(t, root, `with put as (select set_config('session_replication_role', 'replica', true))
			insert into erasure_tombstones (erasure, entry, committed_at, plan_sha256, commitment)
			select $1, $2, $3, repeat('a', 64), repeat('b', 64) from put`, id, ids.New("led"), at)

		return id
	}
	certified := func(id, kind string, at time.Time, goneBy string) {
		run(t, root, `insert into erasure_certificates (id, erasure, kind, issued_at, file) values ($1, $2, $3, $4, $5)`,
			ids.New("crt"), id, kind, at, fmt.Sprintf(`{"certificate":{"gone_by":%s},"note":""}`, goneBy))
	}
	hours := func(n int) time.Time { return start().Add(time.Duration(n) * time.Hour) }
	day := func(n int) string { return fmt.Sprintf(`{"at":%q,"store":"backups"}`, hours(n).Format(time.RFC3339)) }
	same := func(want promise.ErasureEvidence) {
		t.Helper()

		got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: core}, demo(t))
		if err != nil {
			t.Fatal(err)
		}

		if diff := cmp.Diff(want, got.Erasures); diff != "" {
			t.Error(diff)
		}
	}

	same(promise.ErasureEvidence{})

	done, waits := decided(hours(0)), decided(hours(1))
	certified(done, "first", hours(2), day(3))
	certified(done, "final", hours(4), day(3))
	certified(waits, "first", hours(5), day(200))
	same(promise.ErasureEvidence{Decided: 2, Finished: 1, CertifiedAt: hours(5), GoneBy: hours(200)})

	certified(decided(hours(6)), "first", hours(7), `{"at":"2026-12-01T00:00:00Z","store":"app","blockers":[{"store":"processors/p","code":"no_connector"}]}`)
	certified(decided(hours(5)), "first", hours(8), day(150))
	decided(hours(10))
	decided(hours(9))
	run(t, root, `with put as (select set_config('session_replication_role', 'replica', true))
		insert into erasure_remainders (erasure, store, place, why, rows, at)
		select $1, 'residue/app', 'leads.note' || n, 'found', 1, $2 from put, generate_series(1, 2) as n`, waits, hours(20))
	same(promise.ErasureEvidence{
		Decided: 6, Finished: 1, CertifiedAt: hours(8), Unanswered: 2, UnansweredSince: hours(9),
		Dayless: 1, DaylessSince: hours(6), GoneBy: hours(150), Found: 1,
	})
}
