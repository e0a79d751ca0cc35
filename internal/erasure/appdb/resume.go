package appdb

import (
	"context"
	"slices"

	"steward/internal/erasure/freeze"
	"steward/internal/erasure/route"
	"steward/internal/erasure/selection"
	"steward/internal/failure"
)

// written is a route as it is frozen.
func written(found selection.Selection) ([]string, error) {
	fingerprint, err := found.Route.Fingerprint()
	if err != nil {
		return nil, err
	}

	text, err := found.Route.Text()

	return []string{fingerprint, text}, err
}

// resume sees to it that the route is the one for which keys were frozen, or takes its place: one that does all that the other
// did, by keys that are there. It fails with NotFrozen, or with RouteChanged and what is lost; then nothing more is
// done until that is back, or is done in another way that the map says.
func resume(ctx context.Context, keys freeze.Keys, found selection.Selection) error {
	way, err := written(found)
	if err != nil {
		return err
	}

	rows, err := keys.Frozen.Get(ctx, keys.Name(routeSet), 0)

	switch {
	case err != nil:
		return failure.Wrap(failure.Unavailable, "reading the frozen route", err)
	case len(rows) == 0:
		return failure.New(failure.NotFrozen, "erasing in "+keys.Store)
	case rows[0][0] == way[0]:
		return nil
	case len(rows[0]) < len(way):
		return failure.New(failure.RouteChanged, "erasing in "+keys.Store) // frozen without its route
	}

	was, err := route.FromText(rows[0][1])
	if err != nil {
		return failure.Wrap(failure.RouteChanged, "erasing in "+keys.Store, err)
	}

	if problems := route.Lost(was, found.Route, found.Schema); len(problems) > 0 {
		return failure.New(failure.RouteChanged, "erasing in "+keys.Store+": "+told(problems))
	}

	// Before the first deletion all is frozen anew.
	begun, err := has(ctx, keys, begunSet)
	if err != nil || !begun {
		return err
	}

	return adopt(ctx, keys, found, way)
}

// adopt lets a route take the place of the one for which keys were frozen, while rows are gone already.
func adopt(ctx context.Context, keys freeze.Keys, found selection.Selection, way []string) error {
	sets, err := keys.Described(ctx)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "reading the frozen route", err)
	}

	if problems := route.Unreachable(sets, found.Route, found.Schema); len(problems) > 0 {
		return failure.New(failure.RouteChanged, "erasing in "+keys.Store+": "+told(problems))
	}

	for _, set := range found.Route.Sets {
		if !slices.ContainsFunc(sets, set.Same) {
			sets = append(sets, set)
		}
	}

	// What is frozen of the old ones is looked for by verify all the same.
	if err := keys.Describe(ctx, sets); err != nil {
		return failure.Wrap(failure.Unavailable, "keeping the frozen route", err)
	}

	return put(ctx, keys, routeSet, way)
}
