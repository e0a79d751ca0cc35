// Package frozen keeps the keys of what an erasure deletes, as they were before anything
// was deleted: each chunk sealed with the key of the case, in the steward database.
package frozen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/casekey"
	"steward/internal/erasure/atwork"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Rows are the frozen keys of one erasure in all its stores, whose sets have names that
// begin with that of the store. It is a store.Frozen; one goroutine at a time uses it.
type Rows struct {
	// Steward is the steward database, as the role steward_erase.
	Steward postgres.Queryer
	// Key is that of the case.
	Key *casekey.Key
	// Erasure says whose they are.
	Erasure string
}

// column is what a chunk is sealed to, so that none can be put in the place of another.
func column(set string, chunk int) string {
	return fmt.Sprintf("erasure_frozen.sealed\x00%s\x00%d", set, chunk)
}

// Put implements store.Frozen. A crash leaves the chunk of before, or the new one.
func (r Rows) Put(ctx context.Context, set string, chunk int, rows [][]string) error {
	plain, err := json.Marshal(rows)
	if err != nil {
		return failure.Wrap(failure.Internal, "writing frozen keys", err)
	}

	sealed, err := r.Key.Seal(column(set, chunk), plain)
	if err != nil {
		return err
	}

	_, err = r.Steward.Exec(ctx, `insert into erasure_frozen (erasure, name, chunk, sealed) values ($1, $2, $3, $4)
		on conflict (erasure, name, chunk) do update set sealed = excluded.sealed`, r.Erasure, set, chunk, sealed)
	if err == nil {
		atwork.Tell(ctx)
	}

	return failure.Wrap(failure.Unavailable, "storing frozen keys", err)
}

// Get implements store.Frozen.
func (r Rows) Get(ctx context.Context, set string, chunk int) ([][]string, error) {
	var sealed []byte

	err := r.Steward.QueryRow(ctx, `select sealed from erasure_frozen where erasure = $1 and name = $2 and chunk = $3`,
		r.Erasure, set, chunk).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}

	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading frozen keys", err)
	}

	plain, err := r.Key.Unseal(column(set, chunk), sealed)
	if err != nil {
		return nil, err
	}

	var rows [][]string

	err = json.Unmarshal(plain, &rows)

	return rows, failure.Wrap(failure.CaseKeyWrong, "reading frozen keys", err)
}

// Sets implements store.Frozen.
func (r Rows) Sets(ctx context.Context) (map[string]int, error) {
	rows, err := r.Steward.Query(ctx, `select name, count(*) from erasure_frozen where erasure = $1 group by name`, r.Erasure)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "counting frozen keys", err)
	}

	type counted struct {
		Name   string
		Chunks int
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[counted])
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "counting frozen keys", err)
	}

	sets := map[string]int{}
	for _, each := range found {
		sets[each.Name] = each.Chunks
	}

	return sets, nil
}
