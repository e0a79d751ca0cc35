package staff_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/credential"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/page"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/schema"
	"steward/internal/staff"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, at string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	return db
}

// world is the database as the API sees it, with an operator.
type world struct {
	db, api  *postgres.DB
	made     *credentialtest.Maker
	operator access.Principal
}

func begin(t *testing.T) *world {
	t.Helper()

	at := pgtest.Steward(t)
	w := &world{db: open(t, at), api: open(t, pgtest.Member(t, at, "steward_api"))}
	w.made = credentialtest.New(t, w.db, now())
	w.operator, _ = w.made.Operator()

	return w
}

// tx does something as the API does it.
func (w *world) tx(t *testing.T, work func(ctx context.Context, tx postgres.Tx) error) error {
	t.Helper()

	return w.api.InTx(t.Context(), work)
}

// verbs are those of all acts, the newest first.
func (w *world) verbs(t *testing.T) []string {
	t.Helper()

	found, err := act.List(t.Context(), w.api, page.Place{}, 100)
	must(t, err)

	verbs := make([]string, len(found))
	for i, each := range found {
		verbs[i] = each.Verb
	}

	slices.Sort(verbs)

	return verbs
}

// holds reports whether a token is taken at an instant.
func (w *world) holds(t *testing.T, token credential.Token, at time.Time) bool {
	t.Helper()

	var holds bool

	must(t, w.db.QueryRow(t.Context(), `select revoked_at is null and expires_at > $2 from staff_tokens where id = $1`,
		token.ID, at).Scan(&holds))

	return holds
}

// The life of one access, each step with its act.
func TestAnAccess(t *testing.T) {
	t.Parallel()

	w := begin(t)

	var (
		member       staff.Member
		first, token credential.Token
	)

	must(t, w.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
		member, first, err = staff.Join(ctx, tx, w.operator, staff.New{Handle: "support-2", Role: access.Support}, now())

		return err
	}))

	if member.Role != access.Support || !member.ExpiresAt.Equal(now().Add(90*24*time.Hour)) || !w.holds(t, first, now()) {
		t.Errorf("%+v", member)
	}

	for range 2 { // the second time nothing is left to do
		must(t, w.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
			member, err = staff.Assign(ctx, tx, w.operator, member.ID, access.Lead, now())

			return err
		}))
	}

	himself := access.Principal{Kind: access.Staff, ID: member.ID, Credential: first.ID, Role: access.Lead}

	must(t, w.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
		_, token, err = staff.Renew(ctx, tx, himself, member.ID, nil, now())

		return err
	}))

	if w.holds(t, first, now()) || !w.holds(t, token, now().Add(48*time.Hour)) {
		t.Error("a token that somebody else has seen outlasts its renewal")
	}

	second := token
	himself.Credential = second.ID

	must(t, w.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
		_, token, err = staff.Renew(ctx, tx, himself, member.ID, nil, now())

		return err
	}))

	if !w.holds(t, second, now().Add(24*time.Hour-1)) || w.holds(t, second, now().Add(24*time.Hour)) || !w.holds(t, token, now().Add(48*time.Hour)) {
		t.Error("the overlap is not a day")
	}

	for range 2 {
		must(t, w.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
			member, err = staff.Leave(ctx, tx, w.operator, member.ID, now())

			return err
		}))
	}

	if w.holds(t, token, now()) || member.EndedAt.IsZero() {
		t.Errorf("%+v", member)
	}

	if got := strings.Join(w.verbs(t), " "); got != "staff.add staff.change staff.end staff.rotate staff.rotate" { //nolint:dupword // two acts
		t.Error(got)
	}

	read, err := staff.Get(t.Context(), w.api, member.ID)
	if err != nil || read != member || read.Role != access.Lead {
		t.Errorf("%+v, %v", read, err)
	}

	all, err := staff.List(t.Context(), w.api, "", 10)
	if err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}

	ends, err := staff.TokenEnds(t.Context(), w.api, second.ID)
	if err != nil || !ends.Equal(now().Add(24*time.Hour)) {
		t.Errorf("%s, %v", ends, err)
	}
}

// With no overlap everything of before ends at once, but for the token of the act: it
// asks again where the answer was lost, for minutes.
func TestARotationWithoutOverlap(t *testing.T) {
	t.Parallel()

	w := begin(t)

	var token credential.Token

	none := time.Duration(0)

	must(t, w.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
		_, token, err = staff.Renew(ctx, tx, w.operator, w.operator.ID, &none, now())

		return err
	}))

	var hold []string

	must(t, w.db.QueryRow(t.Context(), `select array_agg(id) from staff_tokens where expires_at > $1`, now().Add(credential.RotationGrace)).Scan(&hold))

	if len(hold) != 1 || hold[0] != token.ID {
		t.Errorf("%v", hold)
	}

	must(t, w.db.QueryRow(t.Context(), `select array_agg(id) from staff_tokens where expires_at = $1`, now().Add(credential.RotationGrace)).Scan(&hold))

	if len(hold) != 1 || hold[0] != w.operator.Credential {
		t.Errorf("%v", hold)
	}
}

// What may not be is refused, and nothing is left of it.
func TestRefusals(t *testing.T) {
	t.Parallel()

	w := begin(t)
	support, _ := w.made.Staff(t, access.Support)
	gone, _ := w.made.Staff(t, access.Support)

	must(t, w.tx(t, func(ctx context.Context, tx postgres.Tx) error {
		_, err := staff.Leave(ctx, tx, w.operator, gone.ID, now())

		return err
	}))

	before := len(w.verbs(t))
	long, short := 366*24*time.Hour, time.Second

	for name, test := range map[string]struct {
		code failure.Code
		work func(ctx context.Context, tx postgres.Tx) error
	}{
		"no handle":      {failure.CredentialRefused, join(w, staff.New{Handle: "Ada Lovelace", Role: access.Lead})},
		"no role":        {failure.CredentialRefused, join(w, staff.New{Handle: "admin-1", Role: "admin"})},
		"too long":       {failure.CredentialRefused, join(w, staff.New{Handle: "lead-1", Role: access.Lead, Lasts: &long})},
		"too short":      {failure.CredentialRefused, join(w, staff.New{Handle: "lead-1", Role: access.Lead, Lasts: &short})},
		"the own role":   {failure.OwnAccess, assign(w, w.operator.ID, access.Lead)},
		"another role":   {failure.CredentialRefused, assign(w, support.ID, "admin")},
		"nobody's role":  {failure.UnknownStaff, assign(w, ids.New("stf"), access.Lead)},
		"who left":       {failure.CredentialOver, assign(w, gone.ID, access.Lead)},
		"the own access": {failure.OwnAccess, leave(w, w.operator.ID)},
		"nobody's end":   {failure.UnknownStaff, leave(w, ids.New("stf"))},
		"nobody's token": {failure.UnknownStaff, renew(w, ids.New("stf"), nil)},
		"who left, anew": {failure.CredentialOver, renew(w, gone.ID, nil)},
		"a long overlap": {failure.CredentialRefused, renew(w, support.ID, &long)},
	} {
		if err := w.tx(t, test.work); !failure.Is(err, test.code) {
			t.Errorf("%s: %v", name, err)
		}
	}

	must(t, w.tx(t, join(w, staff.New{Handle: "lead-1", Role: access.Lead})))

	if err := w.tx(t, join(w, staff.New{Handle: "lead-1", Role: access.Lead})); !failure.Is(err, failure.HandleTaken) {
		t.Error(err)
	}

	if _, err := staff.TokenEnds(t.Context(), w.api, ids.New("tok")); !failure.Is(err, failure.UnknownStaff) {
		t.Error(err)
	}

	if after := len(w.verbs(t)); after != before+1 {
		t.Errorf("%d acts, then %d", before, after)
	}
}

func join(w *world, asked staff.New) func(context.Context, postgres.Tx) error {
	return func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := staff.Join(ctx, tx, w.operator, asked, now())

		return err
	}
}

func assign(w *world, id string, role access.Role) func(context.Context, postgres.Tx) error {
	return func(ctx context.Context, tx postgres.Tx) error {
		_, err := staff.Assign(ctx, tx, w.operator, id, role, now())

		return err
	}
}

func leave(w *world, id string) func(context.Context, postgres.Tx) error {
	return func(ctx context.Context, tx postgres.Tx) error {
		_, err := staff.Leave(ctx, tx, w.operator, id, now())

		return err
	}
}

func renew(w *world, id string, overlap *time.Duration) func(context.Context, postgres.Tx) error {
	return func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := staff.Renew(ctx, tx, w.operator, id, overlap, now())

		return err
	}
}

// Whatever call fails, there is a whole step or none.
func TestStepsAreWhole(t *testing.T) {
	t.Parallel()

	w := begin(t)
	support, _ := w.made.Staff(t, access.Support)
	leaver, _ := w.made.Staff(t, access.Support)

	for name, step := range map[string]func(context.Context, postgres.Tx) error{
		"join": join(w, staff.New{Handle: "lead-9", Role: access.Lead}), "assign": assign(w, support.ID, access.Lead), "renew": renew(w, support.ID, nil),
		"leave": leave(w, leaver.ID),
	} {
		before := len(w.verbs(t))

		for n, reached := 1, true; reached; n++ {
			counter := &faults.Counter{N: n, Mode: faults.Before}
			err := w.api.InTx(faults.With(t.Context(), counter), step)

			if reached = counter.Reached(); reached != (err != nil) {
				t.Errorf("%s, call %d: %v", name, n, err)
			}
		}

		if after := len(w.verbs(t)); after != before+1 {
			t.Errorf("%s: %d acts, then %d", name, before, after)
		}
	}
}

// owner gives a steward database whose owner is no superuser, and is made a member
// of no group, as docs/production.md has it.
func owner(t *testing.T) (db, api *postgres.DB) {
	t.Helper()

	at := pgtest.Database(t)
	conn, err := pgx.Connect(t.Context(), at)
	must(t, err)

	defer conn.Close(t.Context())

	login := ids.New("owner")

	parsed, err := url.Parse(at)
	must(t, err)

	for _, sql := range []string{
		"create role " + login + " login", "alter database " + strings.TrimPrefix(parsed.Path, "/") + " owner to " + login,
		"grant create on schema public to " + login,
	} {
		_, err = conn.Exec(t.Context(), sql)
		must(t, err)
	}

	pgtest.Steward(t) // another database of the cluster makes the groups

	parsed.User = url.User(login)
	_, err = schema.Migrate(t.Context(), parsed.String())
	must(t, err)

	return open(t, parsed.String()), open(t, pgtest.Member(t, at, "steward_api"))
}

// The owner of the tables makes the first operator, who can work at once; a second
// one only when nobody can be asked any more.
func TestBootstrap(t *testing.T) {
	t.Parallel()

	db, api := owner(t)

	member, token, err := staff.Bootstrap(t.Context(), db, staff.New{Handle: "operator-1"}, now())
	if err != nil || member.Role != access.Operator {
		t.Fatalf("%+v, %v", member, err)
	}

	who := access.Principal{Kind: access.Staff, ID: member.ID, Credential: token.ID, Role: access.Operator}

	must(t, api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := staff.Join(ctx, tx, who, staff.New{Handle: "lead-1", Role: access.Lead}, now())

		return err
	}))

	if _, _, err := staff.Bootstrap(t.Context(), db, staff.New{Handle: "operator-2"}, now()); !failure.Is(err, failure.OperatorExists) {
		t.Error(err)
	}

	if _, _, err := staff.Bootstrap(t.Context(), api, staff.New{Handle: "operator-2"}, now()); !failure.Is(err, failure.Unauthorised) {
		t.Errorf("the API makes operators from nothing: %v", err)
	}

	late := now().Add(91 * 24 * time.Hour)

	if _, _, err := staff.Bootstrap(t.Context(), db, staff.New{Handle: "operator-1"}, late); !failure.Is(err, failure.HandleTaken) {
		t.Error(err)
	}

	_, _, err = staff.Bootstrap(t.Context(), db, staff.New{Handle: "operator-2"}, late)
	must(t, err)

	var entries int

	must(t, db.QueryRow(t.Context(), `select count(*) from ledger.entries where kind = 'act.done'
		and body like '%"role":"setup"%' and body like '%"verb":"staff.bootstrap"%' and body like '%"actor":"opr_%'`).Scan(&entries))

	if entries != 2 {
		t.Errorf("%d entries", entries)
	}
}

// Of many who begin at once, one makes an operator.
func TestOneBootstrapWins(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		made int
	)

	for range 8 {
		all.Go(func() {
			_, _, err := staff.Bootstrap(t.Context(), db, staff.New{Handle: "operator-1"}, now())

			mu.Lock()
			defer mu.Unlock()

			if err == nil {
				made++
			} else if !failure.Is(err, failure.OperatorExists) {
				t.Error(err)
			}
		})
	}

	all.Wait()

	if made != 1 {
		t.Errorf("%d operators", made)
	}

	if _, _, err := staff.Bootstrap(t.Context(), pgtest.OpenSteward(t), staff.New{Handle: "No Handle"}, now()); !failure.Is(err, failure.CredentialRefused) {
		t.Error(err)
	}
}

// Whatever call fails, there is an operator with an entry in the ledger, or neither;
// and what cannot be read is said so.
func TestFaults(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for n, reached := 1, true; reached; n++ {
		counter := &faults.Counter{N: n, Mode: faults.Before}
		_, token, err := staff.Bootstrap(faults.With(t.Context(), counter), db, staff.New{Handle: "operator-1"}, now())

		if reached = counter.Reached(); reached != (err != nil) || reached != (token.Reveal() == "") {
			t.Errorf("call %d: %v", n, err)
		}
	}

	for name, read := range map[string]func(ctx context.Context) error{
		"get":  func(ctx context.Context) error { _, err := staff.Get(ctx, db, "x"); return err },
		"list": func(ctx context.Context) error { _, err := staff.List(ctx, db, "", 1); return err },
		"ends": func(ctx context.Context) error { _, err := staff.TokenEnds(ctx, db, "x"); return err },
	} {
		if err := read(faults.With(t.Context(), &faults.Counter{N: 1, Mode: faults.Before})); !failure.Is(err, failure.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
