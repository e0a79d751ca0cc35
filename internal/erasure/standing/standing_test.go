package standing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/erasure"
	"steward/internal/erasure/standing"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// How cases stand is read with the rights of the core role: those that wait for people or
// for their day stand still for a reason, and what has ended counts for nothing.
func TestHowErasuresStand(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	core, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_core"))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(core.Close)

	root, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(root.Close)

	want := standing.Standing{Open: map[erasure.Stage]int64{
		"requested": 0, "planned": 0, "awaiting_approval": 0, "closing": 0, "tombstoned": 0, "executing": 0, "verifying": 0, "answered": 0,
		"waiting": 0, "held": 0, "blocked": 0,
	}, Dayless: map[failure.Code]standing.Dayless{
		"no_connector": {}, "copy_undeclared": {}, "copy_without_age": {}, "kept_beyond": {}, "store_gone": {}, "other": {},
	}}
	same := func() {
		t.Helper()

		found, err := standing.At(t.Context(), core, noon())
		if err != nil {
			t.Fatal(err)
		}

		if diff := cmp.Diff(want, found); diff != "" {
			t.Error(diff)
		}
	}

	same()

	ago := func(hours int) time.Time { return noon().Add(-time.Duration(hours) * time.Hour) }
	// The rules of the stages are those of whoever moves them; here only their look is asked for.
	put := func(stage erasure.Stage, since time.Time, gone, ended *time.Time, codes ...failure.Code) {
		t.Helper()

		id := ids.New(erasure.Prefix)

		_, err := root.Exec(t.Context(), `with put as (select set_config('session_replication_role', 'replica', true))
			insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at, stage, gone_by,
				ended_at, ends_at, stopped_in, tombstone)
			select $1, $2, 'account_delete', true, 'person', '', 'enforce', 'en', 'a', 'a', $4, $4, $3, $5, $6::timestamptz,
				coalesce($6::timestamptz + interval '1 day', 'infinity'), case when $3 = 'blocked' then 'closing' else '' end,
				case when $3 in ('executing', 'waiting', 'done') then $1 end
			from put`, id, ids.New("tsk"), stage, since, gone, ended)
		if err != nil {
			t.Fatal(err)
		}

		for n, code := range codes { // what nothing connects with has failed; the others cannot say by when
			_, err := root.Exec(t.Context(), `insert into erasure_stores (erasure, store, outcome, code, gone_code, erased_at) values ($1, 'store' || $2::int,
				case when $3 = 'no_connector' then 'failed' else 'expires' end, case when $3 = 'no_connector' then $3 else '' end,
				case when $3 = 'no_connector' then '' else $3 end, $4)`, id, n, code, since)
			if err != nil {
				t.Fatal(err)
			}
		}
	}

	over, past, earliest, next := ago(1), ago(30), ago(40), ago(-1)

	put(erasure.Executing, ago(3), nil, nil)
	put(erasure.Requested, ago(7), nil, nil)
	put(erasure.Blocked, ago(50), &earliest, nil)
	put(erasure.Blocked, ago(60), nil, nil)
	put(erasure.AwaitingApproval, ago(70), nil, nil)
	put(erasure.Waiting, ago(80), &past, nil)
	put(erasure.Waiting, ago(80), &over, nil)
	put(erasure.Waiting, ago(80), &next, nil, failure.CopyUndeclared)
	put(erasure.Blocked, ago(80), nil, nil, failure.CopyUndeclared)
	put(erasure.Done, ago(90), &past, &over)

	want.Open["executing"], want.Open["requested"], want.Open["blocked"], want.Open["awaiting_approval"], want.Open["waiting"] = 1, 1, 3, 1, 3
	want.StillSince, want.GoneSince = ago(7), earliest

	same()

	if !want.UnsaidSince().IsZero() {
		t.Errorf("since %s", want.UnsaidSince())
	}

	put(erasure.Waiting, ago(80), nil, nil, failure.NoConnector, "")
	put(erasure.Waiting, ago(81), nil, nil, failure.NoConnector, failure.NoConnector)
	want.Open["waiting"] = 5
	want.Dayless["no_connector"] = standing.Dayless{Cases: 2, Since: ago(81)}

	same()

	if !want.UnsaidSince().IsZero() { // nobody can end that today
		t.Errorf("since %s", want.UnsaidSince())
	}

	put(erasure.Waiting, ago(20), nil, nil, failure.NoConnector, failure.CopyUndeclared, failure.Internal)
	put(erasure.Waiting, ago(30), nil, nil)
	want.Open["waiting"] = 7
	want.Dayless["no_connector"] = standing.Dayless{Cases: 3, Since: ago(81)}
	want.Dayless["copy_undeclared"] = standing.Dayless{Cases: 1, Since: ago(20)}
	want.Dayless["other"] = standing.Dayless{Cases: 2, Since: ago(30)}

	same()

	if !want.UnsaidSince().Equal(ago(30)) {
		t.Errorf("since %s", want.UnsaidSince())
	}
}

// A case that waits for what a person can mend counts as that, whatever else it waits for; what nothing connects with alarms nobody.
func TestSinceWhenNobodySays(t *testing.T) {
	t.Parallel()

	waits := func(hours int) standing.Dayless {
		return standing.Dayless{Cases: 1, Since: noon().Add(-time.Duration(hours) * time.Hour)}
	}

	for name, c := range map[string]struct {
		dayless map[failure.Code]standing.Dayless
		want    time.Time
	}{
		"none":                     {nil, time.Time{}},
		"no connector":             {map[failure.Code]standing.Dayless{failure.NoConnector: waits(9)}, time.Time{}},
		"both in one case":         {map[failure.Code]standing.Dayless{failure.NoConnector: waits(9), failure.CopyUndeclared: waits(9)}, waits(9).Since},
		"the connector for longer": {map[failure.Code]standing.Dayless{failure.NoConnector: waits(9), failure.StoreGone: waits(2)}, waits(2).Since},
		"the longest of two":       {map[failure.Code]standing.Dayless{failure.KeptBeyond: waits(3), standing.Other: waits(5)}, waits(5).Since},
		"nobody any more":          {map[failure.Code]standing.Dayless{failure.CopyWithoutAge: {Since: noon()}}, time.Time{}},
	} {
		found := standing.Standing{Dayless: c.dayless}
		if got := found.UnsaidSince(); !got.Equal(c.want) {
			t.Errorf("%s: since %s instead of %s", name, got, c.want)
		}
	}
}
