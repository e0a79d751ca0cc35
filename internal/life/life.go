// Package life tells the life of one backup, from the opening of its day to the
// receipt of its removal: each event with the entry of the ledger that proves it,
// and those that nothing proves said to be so. [Of] and [Attempts] are pure:
// the catalogue's row, its objects and the entries in, lines out.
package life

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"steward/internal/catalogue"
	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/ledger"
)

// Proof says what stands behind an event.
type Proof string

// The kinds of proof.
const (
	// Sealed: an entry with a position under a signed checkpoint.
	Sealed Proof = "sealed"
	// Waiting: an entry that has no position yet.
	Waiting Proof = "waiting"
	// Missing: the catalogue says so, and no entry does though one should.
	Missing Proof = "missing"
	// Catalogue: the catalogue alone keeps it; no entry is written of it.
	Catalogue Proof = "catalogue"
)

// Event is one event in the life of a backup.
type Event struct {
	// At is when it happened.
	At time.Time `json:"at"`
	// What is a word: opened, snapshot, taken, drilled, pruned; for an entry that
	// the row does not answer for, its kind.
	What string `json:"what"`
	// Text is what people read; it may change.
	Text string `json:"text"`
	// Proof is sealed, waiting, missing or catalogue.
	Proof Proof `json:"proof"`
	// Entry is the id of the entry; empty without one.
	Entry ledger.ID `json:"entry,omitempty"`
	// Position is its place in the ledger; -1 without one.
	Position int64 `json:"position"`
	// Kind is its kind, also of kinds that this version does not know.
	Kind ledger.Kind `json:"kind,omitempty"`
	// Body is what the entry says (docs/ledger.md).
	Body json.RawMessage `json:"body,omitempty"`
}

// Of gives the events of a backup in the order of their times. Entries are all
// that name it, of whatever kind; in the order of the ledger.
func Of(row catalogue.Backup, found []entries.Entry) []Event {
	b := &biography{row: row, left: slices.Clone(found)}

	b.plain("opened", row.OpenedAt, "the business day "+row.Day+" was opened")

	if !row.TakenAt.IsZero() {
		b.proven("taken", row.TakenAt, ledger.BackupStored, "archive and signed manifest are stored")
		b.snapshot()
	}

	if !row.DrilledAt.IsZero() {
		b.proven("drilled", row.DrilledAt, ledger.BackupDrilled, fmt.Sprintf("restored elsewhere and found equal, in %.1f s", row.DrillSeconds))
	}

	if !row.PrunedAt.IsZero() {
		b.proven("pruned", row.PrunedAt, ledger.BackupPruned, "gone from all listings of the bucket: this entry is the receipt")
	}

	for _, each := range b.left {
		b.events = append(b.events, told(each, string(each.Kind), textOf(each)))
	}

	slices.SortStableFunc(b.events, func(x, y Event) int { return x.At.Compare(y.At) })

	return b.events
}

// biography is a life in the writing; left are the entries that no event of the
// row has claimed yet.
type biography struct {
	row    catalogue.Backup
	events []Event
	left   []entries.Entry
}

// plain tells an event of which no entry is written.
func (b *biography) plain(what string, at time.Time, text string) {
	b.events = append(b.events, Event{At: at, What: what, Text: text, Proof: Catalogue, Position: entries.Waiting})
}

// proven tells an event of the row with the entry of this kind and instant.
func (b *biography) proven(what string, at time.Time, kind ledger.Kind, text string) {
	found := slices.IndexFunc(b.left, func(each entries.Entry) bool {
		return each.Kind == kind && each.At.Equal(at.Truncate(time.Microsecond))
	})
	if found < 0 {
		b.events = append(b.events, Event{At: at, What: what, Text: text, Proof: Missing, Position: entries.Waiting})

		return
	}

	b.events = append(b.events, told(b.left[found], what, text))
	b.left = slices.Delete(b.left, found, found+1)
}

// snapshot tells the instant that the backup shows; the entry that proves the
// taking holds it too.
func (b *biography) snapshot() {
	taken := b.events[len(b.events)-1]
	event := Event{
		At: b.row.SnapshotAt, What: "snapshot", Text: "the instant whose data it holds", Proof: Missing, Position: entries.Waiting,
	}

	var says entries.About
	if err := json.Unmarshal(taken.Body, &says); err == nil && sameInstant(says.SnapshotAt, b.row.SnapshotAt) {
		event.Proof, event.Entry, event.Position, event.Kind = taken.Proof, taken.Entry, taken.Position, taken.Kind
	}

	b.events = append(b.events, event)
}

func sameInstant(a, b time.Time) bool {
	return a.Truncate(time.Microsecond).Equal(b.Truncate(time.Microsecond))
}

// told is an event that an entry proves.
func told(each entries.Entry, what, text string) Event {
	event := Event{
		At: each.At, What: what, Text: text, Proof: Waiting, Entry: each.ID, Position: each.Position, Kind: each.Kind,
		Body: json.RawMessage(each.Body),
	}
	if each.Sealed() {
		event.Proof = Sealed
	}

	return event
}

// common are the members that say of which backup an entry is, which the reader
// knows.
var common = map[string]bool{"backup": true, "database": true, "day": true}

// textOf tells an entry of any kind: what the kind means, if this version knows,
// and the members of its body.
func textOf(each entries.Entry) string {
	text := string(each.Kind)
	if row, known := ledger.LookupKind(each.Kind); known {
		text = row.Text
	}

	var members map[string]any

	decoder := json.NewDecoder(bytes.NewReader(each.Body))
	decoder.UseNumber()

	if err := decoder.Decode(&members); err != nil {
		return text + ", and its body cannot be read"
	}

	var parts []string

	for name, value := range members {
		if !common[name] {
			parts = append(parts, fmt.Sprintf("%s %v", strings.ReplaceAll(name, "_", " "), value))
		}
	}

	slices.Sort(parts)

	if code, coded := members["code"].(string); coded {
		if row := failure.Lookup(failure.Code(code)); string(row.Code) == code {
			parts = append(parts, row.Text)
		}
	}

	if len(parts) == 0 {
		return text
	}

	return text + ": " + strings.Join(parts, ", ")
}
