package verify

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"steward/internal/liveschema"
	"steward/internal/store"
)

// emptySet is where the samples are noted that tables without rows had before, beside the frozen keys.
const emptySet = "#samples"

// emptied are the samples of tables without rows, but for those that such tables had before the first row went, and have
// unchanged: the app emptied those, whoever's rows they held. The server takes no new ones of either.
func (l Look) emptied(ctx context.Context) (left []store.Remainder, err error) {
	before, err := l.Keys.Frozen.Get(ctx, l.Keys.Name(emptySet), 0)
	if err != nil {
		return nil, fmt.Errorf("reading which tables were empty before: %w", err)
	}

	known, err := l.ofEmpty(ctx)
	if err != nil {
		return nil, err
	}

	was := map[string]bool{}
	for _, row := range before {
		was[strings.Join(row, "\x00")] = true
	}

	for _, one := range known {
		if !was[strings.Join(one.noted(), "\x00")] {
			left = append(left, store.Remainder{Place: one.Place, Rows: 1, Why: Statistics})
		}
	}

	return left, nil
}

// noteEmpty keeps which samples there are of tables without rows. One that an erasure empties has rows yet, and is not among
// them; one into which rows came since has other samples.
func (l Look) noteEmpty(ctx context.Context) error {
	known, err := l.ofEmpty(ctx)
	if err != nil {
		return err
	}

	rows := make([][]string, len(known))
	for i, one := range known {
		rows[i] = one.noted()
	}

	if err := l.Keys.Frozen.Put(ctx, l.Keys.Name(emptySet), 0, rows); err != nil {
		return fmt.Errorf("keeping which tables were empty before: %w", err)
	}

	return nil
}

// noted is a sample as it is noted: where it is, and the number that changes with its values.
func (s sample) noted() []string {
	return []string{s.Schema, s.Table, strconv.FormatBool(s.Inherited), s.Place, s.Value}
}

// ofEmpty are the samples of tables without rows, among those that an erasure may touch.
func (l Look) ofEmpty(ctx context.Context) (of []sample, err error) {
	oids := l.touched()

	known, err := l.samples(ctx, sources, oids, make([]*string, len(oids)))
	if err != nil || len(known) == 0 {
		return nil, err
	}

	parts := make([]string, len(known))
	for i, one := range known {
		parts[i] = "not exists (select from " + one.from() + ")"

		if live, _ := l.Schema.Table(liveschema.Name{Schema: one.Schema, Table: one.Table}); live.Unpopulated {
			parts[i] = "true"
		}
	}

	var empty []bool
	if err := l.On.QueryRow(ctx, "select array["+strings.Join(parts, ", ")+"]").Scan(&empty); err != nil {
		return nil, fmt.Errorf("comparing statistics with rows: %w", err)
	}

	for i, one := range known {
		if empty[i] {
			of = append(of, one)
		}
	}

	return of, nil
}
