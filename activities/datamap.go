package activities

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"steward/internal/clocks"
	"steward/internal/datamap"
	"steward/internal/datamap/check"
	"steward/internal/failure"
	"steward/internal/metrics"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// DataMaps compares the data map with the databases. It belongs to the backup role, which has a login that
// reads them.
type DataMaps struct {
	// File is the path of the data map. It is read at each call.
	File string
	// Policy says which databases there are, and which exceptions are published.
	Policy *policy.Policy
	// Sources are the URLs of the app databases, by their names in the policy.
	Sources map[string]string
	// Steward is the steward database: its copies are asked for too.
	Steward *postgres.DB
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Metrics shows what was found.
	Metrics *metrics.Metrics
	// Log takes each thing that is wrong: whoever has no Prometheus reads it.
	Log *slog.Logger
}

// MapLook is what a workflow learns of the data map. Everything in it is text of this program, names of
// schemas, tables and columns, and numbers.
type MapLook struct {
	// Hash identifies the decisions of the map that was read, empty if it could not be.
	Hash string `json:"hash,omitempty"`
	// Tables is how many tables the databases have.
	Tables int `json:"tables"`
	// Wrong counts what stops erasures, Notes what is to be known.
	Wrong int `json:"wrong"`
	Notes int `json:"notes"`
	// Findings are the first of what is wrong; `steward datamap check` lists all.
	Findings []string `json:"findings,omitempty"`
	// Undeclared says which copies the databases have that nobody declared: they stop no erasure, and keep each from its end.
	Undeclared []string `json:"undeclared,omitempty"`
	// Code is the code of the failure that kept the map from being read; empty without one.
	Code failure.Code `json:"code,omitempty"`
}

// shownFindings is how many findings a history holds: enough to see what happened.
const shownFindings = 20

// CheckDataMap compares. What differs is a result, not an error: of an error only its code gets out. A map
// that cannot be read is wrong as a whole; copies are asked for all the same. It fails where a database does not answer,
// once it has told what the others say. It changes nothing, and may be called at any time and again.
func (d *DataMaps) CheckDataMap(ctx context.Context) (MapLook, error) {
	decided, err := datamap.Load(d.File)
	found := d.ask(ctx, decided)

	var look MapLook

	if err != nil {
		d.Log.WarnContext(ctx, "the data map cannot be read", "code", failure.DataMapInvalid, "runbook", mapRunbook)
		d.Metrics.DataMap(d.Clock.Now(), 1, 0)

		look = MapLook{Wrong: 1, Code: failure.DataMapInvalid} // the error's text may hold a line of the file; the code says enough
	} else {
		look = MapLook{Hash: decided.SHA256, Tables: found.tables()}
		d.tell(ctx, check.Run(decided, found.schemas, d.Policy), &look)
	}

	d.tellCopies(ctx, found, &look)

	if err := errors.Join(found.failed...); err != nil {
		return MapLook{}, err
	}

	return look, nil
}

// The runbooks that say what to do about what is found.
const (
	mapRunbook  = "docs/runbooks.md#data-map-drift"
	copyRunbook = "docs/runbooks.md#copy-undeclared"
)

// tell writes a line for each finding that stops erasures, and shows their number.
func (d *DataMaps) tell(ctx context.Context, found []check.Finding, look *MapLook) {
	for _, one := range found {
		if one.Severity == check.Note {
			look.Notes++

			continue
		}

		look.Wrong++

		d.Log.WarnContext(ctx, "the data map does not fit", "says", one.String(), "runbook", mapRunbook)

		if len(look.Findings) < shownFindings {
			look.Findings = append(look.Findings, one.String())
		}
	}

	look.Findings = slices.Clip(look.Findings)
	d.Metrics.DataMap(d.Clock.Now(), look.Wrong, look.Notes)
}

// tellCopies writes a line for each copy that nobody declared, and shows how many there are of each database.
func (d *DataMaps) tellCopies(ctx context.Context, found asked, look *MapLook) {
	counts := map[string]int{}

	for _, database := range slices.Sorted(maps.Keys(found.copied)) {
		counts[database] = len(found.copied[database])

		for _, one := range found.copied[database] {
			look.Undeclared = append(look.Undeclared, one.String())

			d.Log.WarnContext(ctx, "nobody declared a copy of a database", "says", one.String(), "do", one.Remedy(), "runbook", copyRunbook)
		}
	}

	d.Metrics.Copies(d.Clock.Now(), counts, found.silent)
}
