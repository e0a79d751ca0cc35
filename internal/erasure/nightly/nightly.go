// Package nightly looks, each night, through all texts of the app's databases for the unique identifiers of everybody
// whose erasure was carried out and is still open: one pass over a database for all of them together. How far it is stands
// in the steward database with what was found so far, so that another process goes on where one was killed.
//
// It decides nothing. What is left of a subject stands among the remainders of its case, and stops that.
package nightly

import (
	"context"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/datamap"
	"steward/internal/erasure/brake"
	"steward/internal/erasure/residue"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/postgres"
)

const (
	// DefaultPace is how many bytes of texts a second are read: a disk of today has ten times that, and a night of six hours
	// is enough for 700 GB.
	DefaultPace = 32 << 20
	// longest is how long a pass may be resumed: three nights, so that a database that takes more than one is read to its
	// end. What was written behind it the next pass finds; what is older begins anew.
	longest = 3 * 24 * time.Hour
	// kept is how long what a pass found stays readable here; the ledger has its hash for good.
	kept = 31 * 24 * time.Hour
	// mostShown is how many places a history holds.
	mostShown = 20
	// most is how many erasures one pass looks for: their identifiers are in memory. Those that were not looked for the longest
	// come first.
	most = 10_000
)

// Place is one database of the app, with the login that erases, and what the data map says about it.
type Place struct {
	DB      *postgres.DB
	Decided datamap.Database
}

// Night looks through places. One call of Run at a time makes progress; of two, one fails with ErasureMoved.
type Night struct {
	// Steward is the steward database, as the role steward_erase.
	Steward *postgres.DB
	// Keeper opens the keys of cases.
	Keeper casekey.Keeper
	Clock  clocks.Clock
	Places []Place
	// Brake holds the reading while a database has too much to do.
	Brake brake.Rules
	// BytesPerSecond is DefaultPace where it is 0, Pages residue.DefaultPages.
	BytesPerSecond, Pages int64
}

// Looked is what one pass did: counts only.
type Looked struct {
	// Database is its name in the policy.
	Database string `json:"database"`
	// Erasures is how many were looked for; Later how many more are open, and come the next night.
	Erasures int `json:"erasures"`
	Later    int `json:"later,omitempty"`
	// Sought is how many identifiers were looked for, Weak how many are shared by too many people to be.
	Sought int `json:"sought"`
	Weak   int `json:"weak"`
	// Unopened is how many erasures were not looked for, or not all the way, since what they are about could not be opened.
	Unopened int `json:"unopened,omitempty"`
	// Left is how many erasures have something left, Elsewhere how many have a hit in another controller's data.
	Left      int `json:"left"`
	Elsewhere int `json:"elsewhere"`
	// Places are where most of it is, of all erasures together; residue_found has each.
	Places []Hit `json:"places,omitempty"`
}

// Hit is a column in which identifiers stand.
type Hit struct {
	// Place is the table or partition with the column.
	Place string `json:"place"`
	// Whose is "left", "elsewhere" (another controller's data) or "decided" (the map lets it stay).
	Whose string `json:"whose"`
	// Erasures and Rows are of how many subjects, and in how many rows.
	Erasures int   `json:"erasures"`
	Rows     int64 `json:"rows"`
}

// Beat is told which table is at work, and how many of its bytes are done.
type Beat func(table string, bytes int64)

// Databases are the names of those that are looked through.
func (n Night) Databases() []string {
	names := make([]string, 0, len(n.Places))
	for _, place := range n.Places {
		names = append(names, place.Decided.Name)
	}

	return names
}

// Run makes a pass over each place, or goes on with one that was interrupted; the place that was looked through longest ago
// comes first. One that fails does not keep it from those behind it: its error, the first of them, is returned at the end.
// Then Run is called again with the same night, an opaque id: a place of which a pass ended in that night is not looked
// through again, and of one that was interrupted only what is left. It fails with StoreRefuses where a login may not read a
// table, and at once with ErasureMoved and where the context ends.
func (n Night) Run(ctx context.Context, night string, beat Beat) (all []Looked, err error) {
	places, err := n.inTurn(ctx)
	if err != nil {
		return nil, err
	}

	for _, place := range places {
		looked, failed := n.place(ctx, night, place, beat)

		switch {
		case failed == nil:
			all = append(all, looked)
		case ctx.Err() != nil || failure.Is(failed, failure.ErasureMoved):
			return all, failed
		case err == nil:
			err = failed
		default: // the first is told; each is tried again
		}
	}

	return all, err
}

func (n Night) place(ctx context.Context, night string, place Place, beat Beat) (Looked, error) {
	ended, err := n.ended(ctx, night, place.Decided.Name)
	if err != nil {
		return Looked{}, err
	}

	if ended != "" {
		_, looked, err := n.sought(ctx, ended)
		if err != nil {
			return Looked{}, err
		}

		return n.counted(ctx, ended, place, looked)
	}

	at, err := n.begin(ctx, place.Decided.Name)
	if err != nil {
		return Looked{}, err
	}

	sought, looked, err := n.sought(ctx, at.id)
	if err != nil {
		return Looked{}, err
	}

	pass, end, err := n.pass(ctx, place)
	if err != nil {
		return Looked{}, err
	}
	defer end(ctx)

	held := pass.Done
	pass.Done = func(ctx context.Context, found []residue.Finding, next residue.Cursor) error {
		// What was found and how far it is are one transaction: a crash looks through the range again, and counts it once.
		if err := n.advance(ctx, &at, next, found); err != nil {
			return err
		}

		beat("residue "+place.Decided.Name+" "+next.Table, next.Page*pageBytes)

		return held(ctx, found, next)
	}

	if err := pass.Run(ctx, place.DB, sought, at.cursor); err != nil {
		return Looked{}, err
	}

	if err := n.end(ctx, at, night, place.Decided.Name); err != nil {
		return Looked{}, err
	}

	return n.counted(ctx, at.id, place, looked)
}

// pageBytes is the size of a page as servers are built.
const pageBytes = 8192

// pass prepares one over a place, held by the brake after each range.
func (n Night) pass(ctx context.Context, place Place) (*residue.Pass, func(context.Context), error) {
	schema, err := liveschema.Read(ctx, place.DB, place.Decided.Name)
	if err != nil {
		return nil, nil, failure.Wrap(failure.Unavailable, "reading the schema of "+place.Decided.Name, err)
	}

	pace := n.BytesPerSecond
	if pace == 0 {
		pace = DefaultPace
	}

	held := n.Brake.For(place.DB)

	return &residue.Pass{
		Decided: place.Decided, Schema: schema, Pages: n.Pages, BytesPerSecond: pace,
		Done: func(ctx context.Context, _ []residue.Finding, _ residue.Cursor) error { return held.Wait(ctx) },
	}, held.Close, nil
}
