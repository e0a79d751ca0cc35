package doctor

import (
	"context"
	"fmt"

	"steward/internal/casekey"
	"steward/internal/keys"
	"steward/internal/postgres"
)

// master looks whether the master key of this process opens what the keys of cases
// sealed. No key is shown.
func (d *Doctor) master(ctx context.Context) Check {
	const name = casekey.MasterFile

	held, err := keys.Holds(d.Config.KeysDir, name)

	switch {
	case err != nil:
		return failed(name, err)
	case !held:
		return skipped(name, notLooked+"it is not in STEWARD_KEYS_DIR here; core, vendors and the API have it")
	}

	// It fails where others may read the file, and where it holds no key.
	master, err := casekey.ReadMaster(d.Config.KeysDir)
	if err != nil {
		return failed(name, err)
	}

	if d.Config.StewardDatabase == "" {
		return fine(name, "it can be read; without STEWARD_DATABASE_URL nothing was opened with it")
	}

	return d.ask(ctx, name, func(ctx context.Context, db *postgres.DB) Check {
		opened, err := casekey.Keeper{Master: master}.Try(ctx, db)

		switch {
		case err != nil:
			check := answered(name, err)
			if check.State == Skipped {
				check = fine(name, "it can be read; the role of STEWARD_DATABASE_URL may not read what it wraps, so nothing was opened")
			}

			return check
		case opened == 0:
			return fine(name, "it can be read; there is no key of a case yet that it could open")
		default:
			return fine(name, fmt.Sprintf("it opens the keys of cases (one tried of each of %d master keys)", opened))
		}
	})
}
