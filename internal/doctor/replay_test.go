package doctor_test

import (
	"strings"
	"testing"

	"steward/internal/clocks"
	"steward/internal/doctor"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// What lies in the bucket of replay records and is none of them is named.
func TestWhatIsNoReplayRecord(t *testing.T) {
	t.Parallel()

	const name = "replay records"

	must := func(t *testing.T, err error) {
		t.Helper()

		if err != nil {
			t.Fatal(err)
		}
	}

	at := pgtest.Steward(t)
	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test"})
	must(t, err)

	bucket := client.Bucket("kept-again")
	_, err = bucket.Create(t.Context(), gcs.Settings{Location: "EU"})
	must(t, err)

	look := func(role, in string) doctor.Check {
		return find(t, visitMessages(t, func(d *doctor.Doctor) {
			d.Policy.Promises.Erasure, d.Policy.Storage.Replay, d.Storage = &policy.Erasure{}, in, client
			d.Config.StewardDatabase, d.Clock = pgtest.Member(t, at, role), clocks.Fixed(clocks.System().Now().AddDate(0, 0, 3))
		}), "erasures", name)
	}
	put := func(id string) {
		_, err := bucket.Put(t.Context(), "erasures/"+id+"/replay", strings.NewReader("sealed"), gcs.PutOptions{Expect: 6})
		must(t, err)
	}
	saw := func(check doctor.Check, state doctor.State, code failure.Code, says string) {
		t.Helper()

		if check.State != state || check.Code != code || !strings.Contains(check.Says, says) {
			t.Errorf("%+v, not %s %s %q", check, state, code, says)
		}
	}

	saw(look("steward_core", ""), doctor.Skipped, "", "no bucket")
	saw(look("steward_core", "kept-again"), doctor.OK, "", "")

	id := ids.New("era")
	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)
	_, err = db.Exec(t.Context(), `insert into erasures (id, cause, reason, approval, kind, mode, language, asked_by, opened_by, opened_at, staged_at,
			stage, ended_at, ends_at)
		values ($1, $2, 'staff.request', true, 'person', 'enforce', 'en', 'steward', 'steward', now(), current_timestamp, 'cancelled', now(), current_timestamp)`, id, ids.New("act"))
	must(t, err)
	put(id)

	saw(look("steward_core", "kept-again"), doctor.Warn, "", "1 objects are left")
	put(ids.New("era"))
	saw(look("steward_core", "kept-again"), doctor.Fail, failure.ReplayUnknown, "1 objects are of no erasure")
	saw(look("steward_vendors", "kept-again"), doctor.Skipped, "", "may not")
	saw(look("steward_core", "nowhere"), doctor.Fail, failure.ObjectNotFound, "")
}
