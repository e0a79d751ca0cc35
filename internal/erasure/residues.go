package erasure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/store"
)

// Residues look through texts once more where something of a subject was found by night.
type Residues interface {
	// Again looks at those places alone, replaces what is noted of them, and tells whether nothing is left there. With
	// nothing noted it looks nowhere. It may be called again after any end. It fails with StoreGone where something was found in a
	// database that the data map does not name any more: nobody can look there.
	Again(ctx context.Context, subject store.Subject) (clean bool, err error)
}

// residuePrefix is what the name of a database has before it where its texts were looked through: no store is named so.
const residuePrefix = "residue/"

// ResidueWhy is why what was found in a text is a remainder.
const ResidueWhy = "an identifier of the subject stands there"

// Residue is under which name the remainders in the texts of a database are noted.
func Residue(database string) string { return residuePrefix + database }

// SearchedIn is the database whose texts such a name stands for.
func SearchedIn(name string) string { return strings.TrimPrefix(name, residuePrefix) }

// IsResidue says that a name is one of Residue.
func IsResidue(name string) bool { return strings.HasPrefix(name, residuePrefix) }

// PutResidue replaces what is noted of one case at the places that were looked through, in the texts of one database. What
// a pass noted elsewhere meanwhile stays.
func PutResidue(
	ctx context.Context, q postgres.Queryer, id, database string, looked []string, left []store.Remainder, at time.Time,
) error {
	_, err := q.Exec(ctx, `delete from erasure_remainders where erasure = $1 and store = $2 and place = any($3)`,
		id, Residue(database), looked)
	if err != nil {
		return failWith("noting what is left of an erasure", err)
	}

	for _, each := range left {
		_, err := q.Exec(ctx, `insert into erasure_remainders (erasure, store, place, why, rows, at) values ($1, $2, $3, $4, $5, $6)
			on conflict (erasure, store, place, why) do update set rows = excluded.rows, at = excluded.at`,
			id, Residue(database), each.Place, each.Why, each.Rows, at)
		if err != nil {
			return failWith("noting what is left of an erasure", err)
		}
	}

	return nil
}

// ResidueJudged is what followed from the passes of a night.
type ResidueJudged struct {
	// Passes is how many were written to the ledger, Blocked how many cases were stopped.
	Passes  int `json:"passes"`
	Blocked int `json:"blocked"`
}

// Residue writes the passes that have ended to the ledger, and decides about each case of which something was found. One
// that is verifying looks there itself before it goes on: what is noted of it may be of before.
// Called again it writes and stops nothing twice.
func (j Judge) Residue(ctx context.Context) (judged ResidueJudged, err error) {
	for {
		more, err := j.witness(ctx)
		if err != nil {
			return judged, err
		}

		if !more {
			break
		}

		judged.Passes++
	}

	rows, err := j.Steward.Query(ctx, `select distinct erasure from erasure_remainders join erasures on id = erasure
		where starts_with(store, $1) and stage in ('answered', 'waiting') order by erasure`, residuePrefix)
	if err != nil {
		return judged, failWith("looking for erasures with residue", err)
	}

	cases, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return judged, failWith("looking for erasures with residue", err)
	}

	for _, id := range cases {
		seen, err := j.Decide(ctx, id)
		if err != nil {
			return judged, err
		}

		if seen.Stage == Blocked {
			judged.Blocked++
		}

		if err := Nudge(ctx, j.Steward, id); err != nil {
			return judged, err
		}
	}

	return judged, nil
}

// residueRow is one line of what a pass found, as it is hashed.
type residueRow struct {
	Erasure string `json:"erasure"`
	Place   string `json:"place"`
	Field   string `json:"field"`
	Whose   string `json:"whose"`
	Rows    int64  `json:"rows"`
}

// witness writes one pass to the ledger, if there is one that was not: how many rows are left, and the hash of all that it found.
func (j Judge) witness(ctx context.Context) (found bool, err error) {
	err = j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		var pass string

		err := tx.QueryRow(ctx, `select id from residue_passes where ended_at is not null and entry is null order by ended_at limit 1
			for update`).Scan(&pass)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}

		if err != nil {
			return failWith("looking for a pass that has ended", err)
		}

		found = true

		body, err := residueBody(ctx, tx, pass)
		if err != nil {
			return err
		}

		entry, err := ledger.Append(ctx, tx, ledger.Observed, j.Clock.Now(), body)
		if err != nil {
			return err
		}

		_, err = tx.Exec(ctx, `update residue_passes set entry = $2 where id = $1`, pass, string(entry))

		return err
	})

	return found, failWith("writing a pass to the ledger", err)
}

func residueBody(ctx context.Context, q postgres.Queryer, pass string) (ledger.ObservedBody, error) {
	rows, err := q.Query(ctx, `select erasure, place, field, whose, rows from residue_found where pass = $1
		order by erasure, place, field, whose`, pass)
	if err != nil {
		return ledger.ObservedBody{}, failWith("reading what a pass found", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[residueRow])
	if err != nil {
		return ledger.ObservedBody{}, failWith("reading what a pass found", err)
	}

	body, sum := ledger.ObservedBody{What: "erasure.residue", Object: pass, Code: "nothing_found"}, sha256.New()
	lines := json.NewEncoder(sum)

	for _, line := range found {
		if line.Whose == "left" {
			body.Count += line.Rows
			body.Code = string(failure.RemaindersFound)
		}

		if err := lines.Encode(line); err != nil {
			return ledger.ObservedBody{}, failure.Wrap(failure.Internal, "hashing what a pass found", err)
		}
	}

	body.SHA256 = hex.EncodeToString(sum.Sum(nil))

	return body, nil
}

// ResidueState is how the search for residue stands.
type ResidueState struct {
	// Since is since when nobody has looked for some open erasure in some database: the end of the oldest of the newest whole
	// passes; now, where everybody was looked for a moment ago, or nobody is to be.
	Since time.Time
	// Left is of how many cases something is left.
	Left int
	// Unopened is how many open cases the newest pass did not look for, since what they are about could not be opened.
	Unopened int
}

// ResidueAt is how the search for residue in some databases stands at asOf. It fails with Unavailable.
func ResidueAt(ctx context.Context, q postgres.Queryer, databases []string, asOf time.Time) (state ResidueState, err error) {
	err = q.QueryRow(ctx, `with cases as (select id, erased_at from erasures
			where erased_at is not null and ended_at is null and stage in ('verifying', 'answered', 'waiting', 'blocked'))
		select
			(select coalesce(min(coalesce((select max(p.ended_at) from residue_sought as s join residue_passes as p on p.id = s.pass
				where s.erasure = e.id and p.database = d and not s.unopened), e.erased_at)), $1) from cases as e, unnest($3::text[]) as d),
			(select count(distinct erasure) from erasure_remainders where starts_with(store, $2)),
			(select count(*) from cases as e where (select s.unopened from residue_sought as s join residue_passes as p on p.id = s.pass
				where s.erasure = e.id order by p.began_at desc limit 1))`,
		asOf, residuePrefix, databases).Scan(&state.Since, &state.Left, &state.Unopened)
	state.Since = state.Since.UTC()

	return state, failWith("looking at the search for residue", err)
}
