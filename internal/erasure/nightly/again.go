package nightly

import (
	"context"
	"maps"
	"slices"
	"strings"

	"steward/internal/erasure"
	"steward/internal/erasure/residue"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/postgres"
	"steward/internal/store"
)

var _ erasure.Residues = Night{}

// Again implements erasure.Residues: it looks once more into the tables in which a pass found something of one subject. It fails with
// StoreGone, once it has looked everywhere else, where one of them is of a database that the data map does not name any more.
func (n Night) Again(ctx context.Context, subject store.Subject) (clean bool, err error) {
	left, err := erasure.RemaindersOf(ctx, n.Steward, subject.Erasure)
	if err != nil {
		return false, err
	}

	places := map[string][]string{}

	for _, each := range left {
		if erasure.IsResidue(each.Store) {
			places[each.Store] = append(places[each.Store], each.Place)
		}
	}

	for _, place := range n.Places {
		name := erasure.Residue(place.Decided.Name)
		if len(places[name]) == 0 {
			continue
		}

		gone, err := n.again(ctx, place, subject, places[name])
		if err != nil {
			return false, err
		}

		if gone {
			delete(places, name)
		}
	}

	if unnamed := n.unnamed(places); len(unnamed) > 0 {
		return false, failure.New(failure.StoreGone, "looking once more where something was found by night: the data map does not name "+
			strings.Join(unnamed, ", "))
	}

	return len(places) == 0, nil
}

// unnamed are the databases of places that the data map does not name any more, in their order.
func (n Night) unnamed(places map[string][]string) (databases []string) {
	for _, name := range slices.Sorted(maps.Keys(places)) {
		if !slices.ContainsFunc(n.Places, func(place Place) bool { return erasure.Residue(place.Decided.Name) == name }) {
			databases = append(databases, erasure.SearchedIn(name))
		}
	}

	return databases
}

// again looks through the tables of some places, and replaces what is noted of them.
func (n Night) again(ctx context.Context, place Place, subject store.Subject, places []string) (gone bool, err error) {
	pass, end, err := n.pass(ctx, place)
	if err != nil {
		return false, err
	}
	defer end(ctx)

	pass.Only = named(pass.Schema, places)
	looked := slices.DeleteFunc(slices.Clone(places), func(place string) bool {
		return !slices.ContainsFunc(pass.Only, func(name liveschema.Name) bool { return strings.HasPrefix(place, name.String()+".") })
	})
	rows, held := map[string]int64{}, pass.Done
	pass.Done = func(ctx context.Context, found []residue.Finding, next residue.Cursor) error {
		for _, each := range found {
			if each.Left() {
				rows[each.Table+"."+each.Column] += each.Rows
			}
		}

		return held(ctx, found, next)
	}

	if err := pass.Run(ctx, place.DB, identifiers(subject), residue.Cursor{}); err != nil {
		return false, err
	}

	left := []store.Remainder{}
	for at, count := range rows {
		left = append(left, store.Remainder{Place: at, Rows: count, Why: erasure.ResidueWhy})
	}

	err = n.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := n.unfind(ctx, tx, subject.Erasure, place.Decided.Name, pass.Only, rows); err != nil {
			return err
		}

		return erasure.PutResidue(ctx, tx, subject.Erasure, place.Decided.Name, looked, left, n.Clock.Now())
	})

	// A table that is not there by that name was not looked through: the next pass says where it is, or that it is nowhere.
	return len(left) == 0 && len(looked) == len(places), failure.Wrap(failure.Unavailable, "noting what is left of a subject in texts", err)
}

// unfind takes from a pass that is under way what it found in tables where it is not any more: its end would note what was
// removed meanwhile.
func (n Night) unfind(
	ctx context.Context, tx postgres.Tx, id, database string, looked []liveschema.Name, left map[string]int64,
) error {
	tables := []string{}
	for _, name := range looked {
		tables = append(tables, name.String())
	}

	_, err := tx.Exec(ctx, `delete from residue_found as f using residue_passes as p where p.id = f.pass and p.ended_at is null
		and p.database = $1 and f.erasure = $2 and f.place = any($3) and not f.place || '.' || f.field = any($4)`,
		database, id, tables, slices.AppendSeq([]string{}, maps.Keys(left)))

	return failure.Wrap(failure.Unavailable, "taking back what is not there any more", err)
}

// named are the tables and partitions of which a column is among the places; never nil, which would be all.
func named(schema liveschema.Schema, places []string) []liveschema.Name {
	names := []liveschema.Name{}

	for _, table := range schema.Tables {
		for _, name := range append([]liveschema.Name{table.Name}, table.Partitions...) {
			if slices.ContainsFunc(places, func(place string) bool { return strings.HasPrefix(place, name.String()+".") }) {
				names = append(names, name)
			}
		}
	}

	return names
}
