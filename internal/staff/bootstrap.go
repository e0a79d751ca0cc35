package staff

import (
	"context"
	"time"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/credential"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// Bootstrapped is the verb of the first operator's beginning.
const Bootstrapped = "staff.bootstrap"

// setupRole is what the ledger says that they act as who make the first operator:
// whoever is logged in to the database as the owner of its tables.
const setupRole = "setup"

// Bootstrap makes an operator and their token without asking an operator, on the
// database itself: at the first use, and whenever no operator has a token that
// holds, which would else lock everybody out. Whoever could do that could write the
// rows by hand; this way the ledger says so. The token counts as the operator's own,
// since there is nobody yet whom it could be taken for.
//
// Two at once make one operator. It fails with OperatorExists where somebody could
// be asked, with Unauthorised for a login that does not own the tables, and as Join.
func Bootstrap(ctx context.Context, db *postgres.DB, asked New, at time.Time) (Member, credential.Token, error) {
	var (
		member Member
		token  credential.Token
	)

	asked.Role = access.Operator

	err := db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		// Nobody adds to the staff meanwhile; readers go on.
		if _, err := tx.Exec(ctx, `lock table staff in share row exclusive mode`); err != nil {
			return failure.Wrap(failure.Unavailable, "locking the staff", err)
		}

		var operators int

		err := tx.QueryRow(ctx, `select count(*) from staff as s where s.role = $1 and s.ended_at is null and exists (
			select from staff_tokens as t where t.staff = s.id and t.revoked_at is null and t.expires_at > $2)`,
			access.Operator, at).Scan(&operators)
		if err != nil {
			return failure.Wrap(failure.Unavailable, "looking for operators", err)
		}

		if operators > 0 {
			return failure.New(failure.OperatorExists, "making the first operator")
		}

		if member, token, err = insert(ctx, tx, asked, "", at); err != nil {
			return err
		}

		return witness(ctx, tx, member.ID, at)
	})
	if err != nil {
		return Member{}, credential.Token{}, failure.Wrap(failure.Unavailable, "making the first operator", err)
	}

	return member, token, nil
}

// witness writes to the ledger who did it: the opaque id of the database's login.
func witness(ctx context.Context, tx postgres.Tx, member string, at time.Time) error {
	var login string

	_, err := tx.Exec(ctx, `insert into operators (id, since) values ($1, $2) on conflict (login) do nothing`, ids.New("opr"), at)
	if err == nil {
		err = tx.QueryRow(ctx, `select id from operators where login = session_user`).Scan(&login)
	}

	if err != nil {
		return failure.Wrap(failure.Unavailable, "looking for who is logged in", err)
	}

	_, err = ledger.Append(ctx, tx, ledger.ActDone, at, ledger.ActBody{
		Act: ids.New("act"), Actor: login, Role: setupRole, Verb: Bootstrapped, Object: member, Outcome: act.Done,
	})

	return err
}
