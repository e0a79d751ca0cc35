package nightly

import (
	"context"

	"github.com/jackc/pgx/v5"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/residue"
	"steward/internal/failure"
	"steward/internal/store"
)

// sought opens the identifiers of all for whom a pass looks. A case that does not open is noted as one that the pass does not
// look for, and keeps nobody from being looked for.
func (n Night) sought(ctx context.Context, pass string) (all []residue.Sought, looked Looked, err error) {
	rows, err := n.Steward.Query(ctx, `select erasure from residue_sought where pass = $1 order by erasure`, pass)
	if err != nil {
		return nil, looked, failure.Wrap(failure.Unavailable, "looking for open erasures", err)
	}

	cases, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, looked, failure.Wrap(failure.Unavailable, "looking for open erasures", err)
	}

	for _, id := range cases {
		of, err := erasure.Get(ctx, n.Steward, id)
		if err != nil {
			return nil, looked, err
		}

		if of.Stage.Ended() {
			continue // since the pass began: its key is gone, and nobody can look for it
		}

		subject, err := erasure.Subject(ctx, n.Steward, n.Keeper, of)
		if shut(err) {
			if err := n.unopened(ctx, pass, id); err != nil {
				return nil, looked, err
			}

			continue
		}

		if err != nil {
			return nil, looked, err
		}

		looked.Erasures++

		for _, one := range identifiers(subject) {
			if !residue.Unique(one.Identity, one.Value) {
				looked.Weak++

				continue
			}

			looked.Sought++

			all = append(all, one)
		}
	}

	return all, looked, nil
}

// shut says that no other try opens whom an erasure is about, until somebody has mended the keys.
func shut(err error) bool {
	return failure.Is(err, failure.CaseKeyWrong) || failure.Is(err, failure.CaseKeyGone) || failure.Is(err, failure.EvidenceMissing)
}

// unopened notes that a pass did not look for a case, for good: what opens later was not looked for from the beginning.
func (n Night) unopened(ctx context.Context, pass, id string) error {
	_, err := n.Steward.Exec(ctx, `update residue_sought set unopened = true where pass = $1 and erasure = $2
		and exists (select from erasures where id = $2 and ended_at is null)`, pass, id)

	return failure.Wrap(failure.Unavailable, "noting a case that does not open", err)
}

// identifiers are what tells a subject from all others: the identities of a person, the key of an account.
func identifiers(of store.Subject) (all []residue.Sought) {
	if of.Kind == plan.Account {
		return []residue.Sought{{Erasure: of.Erasure, Account: of.Account, Identity: datamap.User, Value: of.Account, Key: true}}
	}

	for kind, values := range of.Identities {
		for _, value := range values {
			all = append(all, residue.Sought{
				Erasure: of.Erasure, Account: of.Account, Identity: datamap.Identity(kind), Value: value,
			})
		}
	}

	return all
}
