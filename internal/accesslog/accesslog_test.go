package accesslog_test

import (
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/accesslog"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func member(t *testing.T, at, role string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Member(t, at, role))
	must(t, err)
	t.Cleanup(db.Close)

	return db
}

// Who of staff looks is written down before anything is shown; what apps read is not.
func TestLooks(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)
	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	made, api := credentialtest.New(t, db, now()), member(t, at, "steward_api")
	support, _ := made.Staff(t, access.Support)
	key, _ := made.Key(t, access.AccountsRead)
	ctx := access.With(t.Context(), support)

	for _, subject := range []string{"42", "0b6c1b4e-1d5f-4c5a-9a61-0f4e7a2f9b11", "acc_abc"} {
		must(t, accesslog.Look(ctx, api, "get-account", subject, now(), accesslog.Keep))
	}

	must(t, accesslog.Look(access.With(t.Context(), key), api, "get-account", "42", now(), accesslog.Keep))

	if err := accesslog.Look(t.Context(), api, "get-account", "42", now(), accesslog.Keep); !failure.Is(err, failure.CredentialsMissing) {
		t.Error(err)
	}

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		broken := faults.With(ctx, &faults.Counter{N: 1, Mode: mode})
		if err := accesslog.Look(broken, api, "get-account", "43", now(), accesslog.Keep); !failure.Is(err, failure.Unavailable) {
			t.Error(err)
		}
	}

	if _, err := accesslog.List(faults.With(t.Context(), &faults.Counter{N: 1, Mode: faults.Before}), api, "", 0, 1); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	// A subject that is a name or an address is none.
	if err := accesslog.Look(ctx, api, "get-account", "ada@example.com", now(), accesslog.Keep); err == nil {
		t.Error("a mail address was written down")
	}

	first, err := accesslog.List(t.Context(), api, "", 0, 2)
	must(t, err)

	rest, err := accesslog.List(t.Context(), api, "", first[1].ID, 10)
	if err != nil || len(first) != 2 || len(rest) != 2 || first[0].Subject != "43" || rest[1].Subject != "42" {
		t.Errorf("%+v, %+v, %v", first, rest, err)
	}

	one, err := accesslog.List(t.Context(), api, "42", 0, 10)
	want := accesslog.Entry{At: now(), Staff: support.ID, Credential: support.Credential, Role: access.Support, Operation: "get-account", Subject: "42"}

	if err != nil || len(one) != 1 {
		t.Fatalf("%+v, %v", one, err)
	}

	if want.ID = one[0].ID; one[0] != want {
		t.Errorf("%+v", one[0])
	}
}

// An entry is never changed, the API takes none back, and at its end the worker may
// remove it.
func TestAnEntryHasAnEnd(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)
	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	api, core := member(t, at, "steward_api"), member(t, at, "steward_core")
	operator, _ := credentialtest.New(t, db, now()).Operator()
	must(t, accesslog.Look(access.With(t.Context(), operator), api, "get-account", "42", now(), time.Hour))

	for change, who := range map[string]*postgres.DB{
		`update access_log set subject = '43'`: db, `delete from access_log`: api, `update access_log set ends_at = ends_at`: core,
	} {
		if _, err := who.Exec(t.Context(), change); err == nil {
			t.Errorf("it may: %s", change)
		}
	}

	const end = `delete from access_log where ctid = any (array(select ctid from access_log where ends_at <= $1 limit 10 for update skip locked))`

	for _, step := range []struct {
		at   time.Time
		want int64
	}{{now().Add(time.Hour - 1), 0}, {now().Add(time.Hour), 1}} {
		if gone, err := core.Exec(t.Context(), end, step.at); err != nil || gone != step.want {
			t.Errorf("%d, %v", gone, err)
		}
	}
}

// A list is one look for each subject in it, however often it is there.
func TestAListIsALookAtEachSubject(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)
	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	support, _ := credentialtest.New(t, db, now()).Staff(t, access.Support)
	ctx, api := access.With(t.Context(), support), member(t, at, "steward_api")

	must(t, accesslog.LookAll(ctx, api, "list-tasks", []string{"42", "43", "42"}, now(), time.Hour))
	must(t, accesslog.LookAll(ctx, api, "list-tasks", nil, now(), time.Hour))

	if found, err := accesslog.List(t.Context(), api, "", 0, 10); err != nil || len(found) != 2 {
		t.Errorf("%+v, %v", found, err)
	}
}
