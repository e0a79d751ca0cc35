// Package hold keeps legal holds: while one stands, nothing of what it protects is
// erased. Each rests on a basis and has an end date, since a hold without one is a way to keep
// data for ever; past that date it ends by itself, and somebody is told to look.
//
// What it protects from says the database (erasure_held, migration 0023), which lets no
// tombstone pass while a hold stands.
package hold

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/act"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/page"
	"steward/internal/postgres"
	"steward/internal/task"
)

// Prefix is what the ids of holds begin with.
const Prefix = "hld"

// The verbs of the acts on holds.
const (
	SetVerb     = "hold.set"
	ReleaseVerb = "hold.release"
)

// Keep is how long the record of a hold stays after its end: two years, as that of a task.
const Keep = task.Keep

// longest is the farthest end of a hold: who needs one for longer sets it again, and so says
// each few years that it is still needed.
const longest = 10

// Wanted says what is to be held.
type Wanted struct {
	Kind plan.Subject
	// Account is the account's id; of a person the scope, empty for all of them.
	Account string
	// Matches are the keyed hashes of a person's identities: erasure.Identities.Matches.
	Matches [][]byte
	// Basis is what it rests on, such as a docket number: no name of a person.
	Basis string
	// Until is when it ends by itself.
	Until time.Time
}

// Hold is one hold. Times are in UTC.
type Hold struct {
	// ID is opaque, "hld_…".
	ID      string
	Kind    plan.Subject
	Account string
	Basis   string
	// SetBy is the opaque id of who set it, at SetAt.
	SetBy        string
	SetAt, Until time.Time
	// ReleasedAt is when it ended, zero while it stands; ReleasedBy is empty where its time ended it.
	ReleasedAt time.Time
	ReleasedBy string
}

// Standing reports whether it has not ended.
func (h Hold) Standing() bool { return h.ReleasedAt.IsZero() }

// Place is where it stands in a list.
func (h Hold) Place() page.Place { return page.Place{At: h.SetAt, ID: h.ID} }

// Set sets a hold, with the act of who does. From the commit on no erasure of what it
// protects gets its tombstone; those that have one already are told: nothing stops them.
// It fails with HoldEnd for an end that is over or too far, and with AccountUnknown for an account or a scope that
// nobody registered: a mistyped one would protect nobody.
func Set(ctx context.Context, tx postgres.Tx, who access.Principal, wanted Wanted, at time.Time) (set Hold, decided []string, err error) {
	if !wanted.Until.After(at) || wanted.Until.After(at.AddDate(longest, 0, 0)) {
		return Hold{}, nil, failure.New(failure.HoldEnd, "setting a hold")
	}

	if wanted.Account != "" {
		if _, err := account.Get(ctx, tx, wanted.Account); err != nil {
			return Hold{}, nil, err
		}
	}

	id := ids.New(Prefix)

	made, err := act.Record(ctx, tx, who, act.What{Verb: SetVerb, Object: id}, at)
	if err != nil {
		return Hold{}, nil, err
	}

	if wanted.Matches == nil {
		wanted.Matches = [][]byte{}
	}

	_, err = tx.Exec(ctx, `insert into holds (id, kind, account, matches, basis, set_act, set_at, until)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, wanted.Kind, wanted.Account, wanted.Matches, wanted.Basis, made, at, wanted.Until)
	if err != nil {
		return Hold{}, nil, failure.Wrap(failure.Unavailable, "setting a hold", err)
	}

	// Whoever is about to commit a tombstone has locked its case: this waits for it, or makes it look again.
	if err := nudge(ctx, tx); err != nil {
		return Hold{}, nil, err
	}

	if decided, err = tooLate(ctx, tx, id); err != nil {
		return Hold{}, nil, err
	}

	set, err = Get(ctx, tx, id)

	return set, decided, err
}

// nudge lets every case that is not decided yet look again.
func nudge(ctx context.Context, q postgres.Queryer) error {
	_, err := q.Exec(ctx, `update erasures set news = true where id in
		(select id from erasures where ended_at is null and tombstone is null order by id for update)`)

	return failure.Wrap(failure.Unavailable, "telling erasures of a hold", err)
}

// tooLate are the erasures of what a hold protects, as erasure_held has it, that are decided for good and not over.
func tooLate(ctx context.Context, q postgres.Queryer, id string) ([]string, error) {
	rows, err := q.Query(ctx, `select hold_too_late($1)`, id)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for erasures that a hold is too late for", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])

	return found, failure.Wrap(failure.Unavailable, "looking for erasures that a hold is too late for", err)
}

// Release ends a hold, with the act of who does. Released again it stays as it is. It
// fails with HoldUnknown.
func Release(ctx context.Context, tx postgres.Tx, who access.Principal, id string, at time.Time) (Hold, error) {
	found, err := Get(ctx, tx, id)
	if err != nil || !found.Standing() {
		return found, err
	}

	made, err := act.Record(ctx, tx, who, act.What{Verb: ReleaseVerb, Object: id}, at)
	if err != nil {
		return Hold{}, err
	}

	_, err = tx.Exec(ctx, `update holds set released_at = $2, release_act = $3, ends_at = $4 where id = $1 and released_at is null`,
		id, at, made, at.Add(Keep))
	if err != nil {
		return Hold{}, failure.Wrap(failure.Unavailable, "releasing a hold", err)
	}

	if err := nudge(ctx, tx); err != nil {
		return Hold{}, err
	}

	return Get(ctx, tx, id)
}

// isDue is true of a hold whose time is over at $1 and that nobody released.
const isDue = `released_at is null and until <= $1`

// EndDue ends the holds whose time is over, opens a task for each so that a person
// looks whether it was meant to end, and lets erasures go on that they stopped. It tells how many. It may be
// called at any time, by several at once. A crash leaves a hold that stands, or one that has ended with its task.
func EndDue(ctx context.Context, db *postgres.DB, asOf time.Time) (ended int, err error) {
	var due bool

	err = db.QueryRow(ctx, `select exists (select from holds where `+isDue+`)`, asOf).Scan(&due)
	if err != nil || !due {
		return 0, failure.Wrap(failure.Unavailable, "looking for holds whose time is over", err)
	}

	err = db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		rows, err := tx.Query(ctx, `update holds set released_at = $1, ends_at = $2 where id in
			(select id from holds where `+isDue+` order by id for update) returning id`, asOf, asOf.Add(Keep))
		if err != nil {
			return failure.Wrap(failure.Unavailable, "ending holds", err)
		}

		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return failure.Wrap(failure.Unavailable, "ending holds", err)
		}

		for _, id := range found {
			if _, _, err := task.Open(ctx, tx, task.Opening{Kind: task.HoldEnded, Subject: id, By: "steward", At: asOf}); err != nil {
				return err
			}
		}

		if ended = len(found); ended == 0 {
			return nil
		}

		return nudge(ctx, tx)
	})

	return ended, failure.Wrap(failure.Unavailable, "ending holds", err)
}

const columns = `select h.id, h.kind, h.account, h.basis, s.staff, h.set_at, h.until, h.released_at, coalesce(r.staff, '')
	from holds as h join staff_acts as s on s.id = h.set_act left join staff_acts as r on r.id = h.release_act `

// Get reads one hold. It fails with HoldUnknown.
func Get(ctx context.Context, q postgres.Queryer, id string) (Hold, error) {
	rows, err := q.Query(ctx, columns+`where h.id = $1`, id)
	if err != nil {
		return Hold{}, failure.Wrap(failure.Unavailable, "looking for a hold", err)
	}

	found, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Hold{}, failure.New(failure.HoldUnknown, "looking for a hold")
	}

	return found, failure.Wrap(failure.Unavailable, "looking for a hold", err)
}

// List reads holds, the newest first: those that stand, or all.
func List(ctx context.Context, q postgres.Queryer, all bool, after page.Place, limit int) ([]Hold, error) {
	at, id := after.Behind()

	rows, err := q.Query(ctx, columns+`where ($1 or h.released_at is null) and ($2::timestamptz is null or (h.set_at, h.id) < ($2, $3))
		order by h.set_at desc, h.id desc limit $4`, all, at, id, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "listing holds", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "listing holds", err)
}

func scan(row pgx.CollectableRow) (Hold, error) {
	var (
		read     Hold
		released *time.Time
	)

	err := row.Scan(&read.ID, &read.Kind, &read.Account, &read.Basis, &read.SetBy, &read.SetAt, &read.Until, &released, &read.ReleasedBy)
	read.SetAt, read.Until = read.SetAt.UTC(), read.Until.UTC()

	if released != nil {
		read.ReleasedAt = released.UTC()
	}

	return read, err
}
