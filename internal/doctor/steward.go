package doctor

import (
	"context"
	"fmt"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/schema"
	"steward/internal/setup"
)

// How far our clock and that of a database server may lie apart. Records carry
// our time, the server's appears in its log; a minute is more than any network
// explains, and a business day could end up as another.
const (
	skewWarn = 2 * time.Second
	skewFail = clocks.Skew
)

// steward looks at Steward's own database.
func (d *Doctor) steward(ctx context.Context) []Check {
	const name = "database"

	if d.Config.StewardDatabase == "" {
		return []Check{wrong(name, failure.ConfigInvalid, "STEWARD_DATABASE_URL is not set", "Set it, then run: steward doctor")}
	}

	db, err := postgres.Open(ctx, d.Config.StewardDatabase)
	if err != nil {
		return []Check{failed(name, err)}
	}
	defer db.Close()

	if err := db.Ping(ctx); err != nil {
		return []Check{failed(name, err)}
	}

	checks := []Check{fine(name, "answers"), migrations(ctx, db), skew(ctx, db, d.System)}

	return append(checks, d.forgotten(ctx, db)...)
}

// forgotten finds files that are stored while the policy names no bucket for them. A
// database without its migrations says so itself.
func (d *Doctor) forgotten(ctx context.Context, db postgres.Queryer) []Check {
	if pending, err := schema.Missing(ctx, db); err != nil || pending > 0 {
		return nil
	}

	const name = "files"

	sets, err := setup.Forgotten(ctx, db, d.Policy.Storage.Files)

	switch {
	case err != nil:
		return []Check{failed(name, err)}
	case len(sets) > 0:
		return []Check{wrong(name, failure.ConfigInvalid, setup.StillStored(sets), "Put storage.files back, then run: steward setup")}
	default:
		return nil
	}
}

func migrations(ctx context.Context, db postgres.Queryer) Check {
	const name = "migrations"

	pending, err := schema.Missing(ctx, db)

	switch {
	case err != nil:
		return failed(name, err)
	case pending > 0:
		return wrong(name, failure.DatabaseOutOfDate, fmt.Sprintf("%d are missing", pending), runSetup)
	default:
		return fine(name, "all applied")
	}
}

// skew compares the clock of this machine with the server's, in the middle of
// the time that the question took.
func skew(ctx context.Context, db postgres.Queryer, system clocks.Clock) Check {
	const name = "clock"

	var theirs time.Time

	before := system.Now()
	if err := db.QueryRow(ctx, "select clock_timestamp()").Scan(&theirs); err != nil {
		return failed(name, failure.Wrap(failure.Unavailable, "asking the server's time", err))
	}

	after := system.Now()
	apart := theirs.Sub(before.Add(after.Sub(before) / 2)).Abs().Round(time.Millisecond)

	const hint = "Check the time service (NTP) of both machines."

	switch {
	case apart > skewFail:
		return wrong(name, failure.ConfigInvalid, fmt.Sprintf("our clock and the server's are %s apart", apart), hint)
	case apart > skewWarn:
		return warned(name, fmt.Sprintf("our clock and the server's are %s apart", apart), hint)
	default:
		return fine(name, fmt.Sprintf("%s apart from the server's", apart))
	}
}
