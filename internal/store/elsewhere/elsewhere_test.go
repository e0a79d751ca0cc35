package elsewhere_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
	"steward/internal/clocks"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/elsewhere"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func period(t testing.TB, text string) calendar.Duration {
	t.Helper()

	read, err := calendar.ParseDuration(text)
	must(t, err)

	return read
}

// house is a steward database, as its superuser and as the role that erases.
type house struct{ db, erase *postgres.DB }

func newHouse(t *testing.T) house {
	t.Helper()

	url := pgtest.Steward(t)
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}

	return house{open(url), open(pgtest.Member(t, url, "steward_erase"))}
}

func (h house) run(t *testing.T, sql string, args ...any) {
	t.Helper()

	_, err := h.db.Exec(t.Context(), sql, args...)
	must(t, err)
}

// erased is an erasure of which stores ended at the given instants.
func (h house) erased(t *testing.T, ends ...time.Time) store.Subject {
	t.Helper()

	who := store.Subject{Erasure: ids.New("era"), Kind: plan.Person, Identities: map[string][]string{"email": {"a@example.com"}}}
	h.run(t, `insert into erasures (id, cause, reason, approval, kind, mode, language, asked_by, opened_by, opened_at, staged_at)
		values ($1, $2, 'dsr', true, 'person', 'enforce', 'en', 'steward', 'steward', $3, $3)`, who.Erasure, ids.New("dsr"), at())

	for n, end := range ends {
		h.run(t, `insert into erasure_stores (erasure, store, outcome, erased_at) values ($1, $2, 'erased', $3)`,
			who.Erasure, "store"+strings.Repeat("x", n), end)
	}

	return who
}

func (h house) backup(t *testing.T, day string, snapshot time.Time) (id string) {
	t.Helper()

	id = ids.New("bkp")
	h.run(t, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256)
		values ($1, 'app', $2, 'drilled', $3, 'test', $4, $4, $4, $4, 'hash')`, id, day, ids.New("att"), snapshot)

	return id
}

// Backups are gone when the last of those that may hold the subject is; one that stays longer keeps
// everybody from saying when.
func TestBackups(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	second := at().Add(time.Hour)
	who := h.erased(t, at(), second)
	day := func(n int) time.Time { return at().AddDate(0, 0, n) }

	// Asked again and again, one that fails erases nothing: that moves no day.
	h.run(t, `insert into erasure_stores (erasure, store, outcome, erased_at) values ($1, 'vendor', 'failed', $2)`, who.Erasure, day(3))

	of := func(now time.Time) elsewhere.Backups {
		return elsewhere.Backups{
			Steward: h.erase, Keep: period(t, "7d"), Tolerance: period(t, "2h"), Zone: time.UTC, Clock: clocks.Fixed(now),
		}
	}

	// The store that was erased again after this one counts, and the one that ends later than all.
	for erasedAt, want := range map[time.Time]time.Time{at(): second, at().Add(2 * time.Hour): at().Add(2 * time.Hour)} {
		got, err := of(at()).GoneBy(t.Context(), who, erasedAt)
		if err != nil || !got.Equal(want.Add(7*24*time.Hour+2*time.Hour)) {
			t.Errorf("%s, %v", got, err)
		}
	}

	older := h.backup(t, "2026-11-21", day(-1))
	h.backup(t, "2026-11-23", second.Add(time.Second)) // it shows nothing of the subject

	over := second.Add(7*24*time.Hour + 2*time.Hour)
	if left, err := of(over.Add(-time.Second)).Verify(t.Context(), who, nil); err != nil || len(left) != 0 {
		t.Errorf("before its time: %+v, %v", left, err)
	}

	want := []store.Remainder{{Place: "backups/app", Rows: 1, Why: "past its time"}}

	left, err := of(over).Verify(t.Context(), who, nil)
	if diff := cmp.Diff(want, left); err != nil || diff != "" {
		t.Error(diff, err)
	}

	h.run(t, `insert into backup_exceptions (backup_id, cause, since, due_at) values ($1, 'last_drilled', $2, $2)`, older, day(6))

	if _, err := of(at()).GoneBy(t.Context(), who, at()); !failure.Is(err, failure.KeptBeyond) {
		t.Errorf("with an exception: %v", err)
	}

	h.run(t, `update backup_exceptions set ended_at = $1, ended_cause = 'younger'`, day(7))
	h.run(t, `alter table backups disable trigger all`)
	h.run(t, `update backups set state = 'pruned', pruned_at = $2 where id = $1`, older, day(7))

	if _, err := of(at()).GoneBy(t.Context(), who, at()); err != nil {
		t.Error(err)
	}

	if left, err := of(over).Verify(t.Context(), who, nil); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}

	if _, err := of(at()).Verify(t.Context(), store.Subject{Erasure: ids.New("era")}, nil); !failure.Is(err, failure.EvidenceMissing) {
		t.Errorf("of one that was never erased: %v", err)
	}
}

// Files and copies in other places hold the subject as backups of databases do.
func TestFilesAndCopiesOutstay(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	who := h.erased(t, at())
	id, files := h.backup(t, "2026-11-22", at()), ids.New("fbk")
	h.run(t, `insert into backup_copies (backup_id, bucket, location, started_at) values ($1, 'far-away', 'far', $2)`, id, at())
	h.run(t, `insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at)
		values ($1, 'uploads', '2026-11-22', 'running', $2, 'test', $3, $3)`, files, ids.New("att"), at())

	of := elsewhere.Backups{
		Steward: h.erase, Keep: period(t, "7d"), Tolerance: period(t, "2h"), Zone: time.UTC, Clock: clocks.Fixed(at().AddDate(0, 0, 9)),
	}
	want := []store.Remainder{
		{Place: "backups/app", Rows: 1, Why: "past its time"},
		{Place: "backups/copies/far/app", Rows: 1, Why: "past its time"},
		{Place: "backups/files/uploads", Rows: 1, Why: "past its time"},
	}

	left, err := of.Verify(t.Context(), who, nil)
	if diff := cmp.Diff(want, left); err != nil || diff != "" {
		t.Error(diff, err)
	}

	for _, sql := range []string{
		`insert into file_exceptions (backup_id, cause, since, due_at) values ('` + files + `', 'last_drilled', now(), now())`,
		`insert into backup_copy_exceptions (backup_id, bucket, cause, since, due_at) values ('` + id + `', 'far-away', 'last_drilled', now(), now())`,
	} {
		h.run(t, sql)

		if _, err := of.GoneBy(t.Context(), who, at()); !failure.Is(err, failure.KeptBeyond) {
			t.Errorf("%s: %v", sql, err)
		}

		h.run(t, `update file_exceptions set ended_at = now(), ended_cause = 'younger'`)
	}
}

// A copy follows within its age; one without an age keeps everybody from saying when.
func TestDeclaredCopies(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	who := h.erased(t, at().Add(time.Hour))
	dated := elsewhere.Declared(policy.DeclaredCopy{Name: "lake", Database: "app", MaxAge: period(t, "2d")}, h.erase, time.UTC)

	got, err := dated.GoneBy(t.Context(), who, at())
	if err != nil || !got.Equal(at().Add(49*time.Hour)) {
		t.Errorf("%s, %v", got, err)
	}

	if _, err := elsewhere.Declared(policy.DeclaredCopy{Name: "lake"}, h.erase, time.UTC).GoneBy(t.Context(), who, at()); !failure.Is(err, failure.CopyWithoutAge) {
		t.Error(err)
	}
}

// Each place of the policy is a store, and none of them says that something was erased.
func TestAllOfAPolicy(t *testing.T) {
	t.Parallel()

	var rules policy.Policy

	rules.Company.Zone = time.UTC
	rules.Copies = []policy.DeclaredCopy{{Name: "lake", Database: "app"}}
	rules.Promises.LoginRecords = &policy.LoginRecords{}
	rules.Promises.Processors = &policy.Processors{Names: []policy.Processor{{Name: "segment"}, {Name: "mixpanel"}}}

	var names []string

	for _, each := range elsewhere.All(&rules, nil, clocks.Fixed(at())) {
		names = append(names, each.Name())

		steps, err := each.Plan(t.Context(), store.Subject{})
		if err != nil || len(steps) != 1 || steps[0].Rows != -1 || steps[0].Store != each.Name() {
			t.Errorf("%s: %+v, %v", each.Name(), steps, err)
		}

		must(t, each.Freeze(t.Context(), store.Subject{}, nil))

		switch came, err := each.Erase(t.Context(), store.Subject{}, nil, nil); {
		case err != nil || came.Count != 0:
			t.Errorf("%s: %+v, %v", each.Name(), came, err)
		case came.Kind == store.Failed:
			_, verified := each.Verify(t.Context(), store.Subject{}, nil)
			_, gone := each.GoneBy(t.Context(), store.Subject{}, at())

			if !failure.Is(verified, failure.NoConnector) || !failure.Is(gone, failure.NoConnector) || came.Code != "no_connector" {
				t.Errorf("%s: %v, %v", each.Name(), verified, gone)
			}
		case came.Kind != store.Expires:
			t.Errorf("%s: %+v", each.Name(), came)
		}
	}

	if got := strings.Join(names, " "); got != "backups copies/lake login_records processors/segment processors/mixpanel" {
		t.Error(got)
	}
}
