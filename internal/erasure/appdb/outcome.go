package appdb

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"steward/internal/erasure/execute"
	"steward/internal/erasure/freeze"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/store"
)

// begunOf is what is noted before the first deletion: how many rows will be deleted, overwritten and retained, and in a
// line each, on which basis how many are retained, and for how long.
func begunOf(steps []plan.Step) [][]string {
	counts := map[plan.Action]int64{}

	var retained []store.Part

	for _, step := range steps {
		counts[step.Action] += step.Rows

		if step.Action != plan.RetainRows || step.Rows == 0 {
			continue
		}

		at := slices.IndexFunc(retained, func(of store.Part) bool { return of.Basis == step.Basis && of.For == step.Until })
		if at < 0 {
			at = len(retained)
			retained = append(retained, store.Part{Basis: step.Basis, For: step.Until})
		}

		retained[at].Count += step.Rows
	}

	rows := [][]string{{number(counts[plan.DeleteRows]), number(counts[plan.Overwrite]), number(counts[plan.RetainRows])}}
	for _, part := range retained {
		rows = append(rows, []string{part.Basis, part.For, number(part.Count)})
	}

	return rows
}

// counted are the rows that were to be deleted or overwritten, as counted before the first deletion.
func counted(ctx context.Context, keys freeze.Keys) (int64, error) {
	rows, err := begun(ctx, keys)
	if err != nil {
		return 0, err
	}

	found, err := came(rows, execute.Done{})
	if err != nil {
		return 0, failure.Wrap(failure.NotFrozen, "reading what was begun", err)
	}

	if len(found.Parts) == 0 && found.Kind != store.Retained {
		return found.Count, nil
	}

	var all int64

	for _, part := range found.Parts {
		if part.Kind != store.Retained {
			all += part.Count
		}
	}

	return all, nil
}

// begun reads what was noted before the first deletion.
func begun(ctx context.Context, keys freeze.Keys) ([][]string, error) {
	rows, err := keys.Frozen.Get(ctx, keys.Name(begunSet), 0)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading what was begun", err)
	}

	if len(rows) == 0 {
		return nil, failure.New(failure.NotFrozen, "reading what was begun")
	}

	return rows, nil
}

// outcome is what was counted before the first deletion, since a later try finds less; or what was done now, if that is
// more, since rows came meanwhile.
func outcome(ctx context.Context, keys freeze.Keys, done execute.Done) (store.Outcome, error) {
	rows, err := begun(ctx, keys)
	if err != nil {
		return store.Outcome{}, err
	}

	came, err := came(rows, done)

	return came, failure.Wrap(failure.NotFrozen, "reading what was begun", err)
}

// came reads what begunOf wrote. Its kind is the first thing that became of any row.
func came(rows [][]string, done execute.Done) (store.Outcome, error) {
	bases := rows[1:]
	if len(bases) == 0 { // begun before bases were noted: retained on none, which no certificate is given for
		bases = [][]string{{"", "", rows[0][2]}}
	}

	parts := []store.Part{{Kind: store.Erased}, {Kind: store.Pseudonymised}}
	texts := []string{rows[0][0], rows[0][1]}

	for _, basis := range bases {
		parts = append(parts, store.Part{Kind: store.Retained, Basis: basis[0], For: basis[1]})
		texts = append(texts, basis[2])
	}

	for i, text := range texts {
		count, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return store.Outcome{}, fmt.Errorf("reading a count: %w", err)
		}

		parts[i].Count = count
	}

	parts[0].Count = max(parts[0].Count, done.Deleted)
	parts[1].Count = max(parts[1].Count, done.Overwritten)

	return outcomeOf(slices.DeleteFunc(parts, func(part store.Part) bool { return part.Count == 0 })), nil
}

// outcomeOf is the outcome of parts, none of them empty.
func outcomeOf(parts []store.Part) store.Outcome {
	if len(parts) == 0 {
		return store.Outcome{Kind: store.NothingFound}
	}

	made := store.Outcome{Kind: parts[0].Kind}
	if len(parts) > 1 || made.Kind == store.Retained {
		made.Parts = parts
	}

	for _, part := range parts {
		if part.Kind == made.Kind {
			made.Count += part.Count
		}
	}

	return made
}
