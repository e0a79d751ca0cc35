package doctor

import (
	"context"

	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/schema"
)

// ask asks the steward database something beside its own area. A database that is not
// there, or that lacks migrations, has said so in its own area; a role that may not
// read something is meant not to, so that is no failure.
func (d *Doctor) ask(ctx context.Context, name string, question func(context.Context, *postgres.DB) Check) Check {
	if d.Config.StewardDatabase == "" {
		return skipped(name, notLooked+"STEWARD_DATABASE_URL is not set here")
	}

	db, err := postgres.Open(ctx, d.Config.StewardDatabase)
	if err != nil {
		return failed(name, err)
	}
	defer db.Close()

	pending, err := schema.Missing(ctx, db)

	switch {
	case err != nil:
		return answered(name, err)
	case pending > 0:
		return skipped(name, notLooked+"the steward database lacks migrations")
	default:
		return question(ctx, db)
	}
}

// notLooked begins what a check says that was not made.
const notLooked = "not looked at: "

// answered is the check of a question that failed: skipped where the role of the steward
// database may not ask it.
func answered(name string, err error) Check {
	if failure.Is(err, failure.Unauthorised) {
		return skipped(name, notLooked+"the role of STEWARD_DATABASE_URL may not read it; the one of the core worker may")
	}

	return failed(name, err)
}
