package ledger

import (
	"bytes"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ids"
)

// ID is the opaque random id of an entry: "led_" and 26 characters.
type ID string

// idPrefix is what the ids of entries begin with.
const idPrefix = "led"

// TimeFormat is how times stand in leaves and checkpoints: UTC, always six
// digits, the precision of PostgreSQL.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// The literal pieces of a leaf. Its members are in the order of their names, so
// that a leaf is canonical JSON too.
const (
	leafAt   = `{"at":"`
	leafBody = `","body":`
	leafID   = `,"id":"`
	leafKind = `","kind":"`
	leafEnd  = `","v":1}`
)

// Entry is one piece of evidence, sealed or not.
type Entry struct {
	// ID is random and says nothing.
	ID ID
	// Kind is what it is evidence of.
	Kind Kind
	// At is the instant of the business event, cut to microseconds.
	At time.Time
	// Body is canonical JSON.
	Body []byte
}

// NewEntry checks and canonicalises an entry and gives it a fresh id. It
// refuses an unknown kind, a body of another kind, a zero or unprintable time
// and a body of a disallowed shape with failure.LedgerEntryRefused.
func NewEntry(kind Kind, at time.Time, body Body) (Entry, error) {
	row, known := LookupKind(kind)
	if !known {
		return Entry{}, refuse("making a ledger entry of an unknown kind")
	}

	if !row.takes(body) {
		return Entry{}, refuse("making a ledger entry with the body of another kind")
	}

	at = at.UTC().Truncate(time.Microsecond)
	if at.Year() < 1970 || at.Year() > 9999 {
		return Entry{}, refuse("making a ledger entry without a time")
	}

	text, err := Canonical(body)
	if err != nil {
		return Entry{}, err
	}

	return Entry{ID: ID(ids.New(idPrefix)), Kind: kind, At: at, Body: text}, nil
}

// Leaf is the one text of an entry that is hashed, stored in segments, and
// handed to whoever wants to verify it. It has no line feed.
func (e Entry) Leaf() []byte {
	size := len(leafAt) + len(TimeFormat) + len(leafBody) + len(e.Body) + len(leafID) + len(e.ID) +
		len(leafKind) + len(e.Kind) + len(leafEnd)
	out := make([]byte, 0, size)
	out = append(out, leafAt...)
	out = e.At.UTC().AppendFormat(out, TimeFormat)
	out = append(out, leafBody...)
	out = append(out, e.Body...)
	out = append(out, leafID...)
	out = append(out, e.ID...)
	out = append(out, leafKind...)
	out = append(out, e.Kind...)

	return append(out, leafEnd...)
}

// Hash is the leaf's hash in the tree: SHA-256 of a zero byte and the leaf
// (RFC 6962, section 2.1).
func (e Entry) Hash() tlog.Hash { return tlog.RecordHash(e.Leaf()) }

// WellFormed reports whether id, kind and time keep to their alphabet, so that
// no two entries can share a leaf. Only tampering makes one that is not.
func (e Entry) WellFormed() bool {
	return ids.Valid(idPrefix, string(e.ID)) && shapeCode.MatchString(string(e.Kind)) &&
		e.At.Equal(e.At.Truncate(time.Microsecond)) && e.At.Year() >= 1970 && e.At.Year() <= 9999
}

// ParseLeaf reads a leaf back. It refuses every text that Leaf would not give
// for the entry it returns, with failure.LedgerEntryRefused. It takes kinds
// that this version does not know.
func ParseLeaf(leaf []byte) (Entry, error) {
	entry, ok := splitLeaf(leaf)
	if !ok || !entry.WellFormed() {
		return Entry{}, refuse("reading a ledger leaf")
	}

	canonical, err := canonicalJSON(entry.Body)
	if err != nil {
		return Entry{}, err
	}

	if !bytes.Equal(canonical, entry.Body) {
		return Entry{}, refuse("reading a ledger leaf whose body is not canonical")
	}

	return entry, nil
}

// splitLeaf takes a leaf apart at its literal pieces. The body is cut at the
// last possible place, which is the right one since ids and kinds hold no quote.
func splitLeaf(leaf []byte) (Entry, bool) {
	rest, okStart := strings.CutPrefix(string(leaf), leafAt)
	rest, okEnd := strings.CutSuffix(rest, leafEnd)
	stamp, rest, okBody := strings.Cut(rest, leafBody)
	atID := strings.LastIndex(rest, leafID)

	if !okStart || !okEnd || !okBody || atID < 0 {
		return Entry{}, false
	}

	id, kind, okKind := strings.Cut(rest[atID+len(leafID):], leafKind)
	at, err := time.Parse(TimeFormat, stamp)

	if err != nil || !okKind || at.Format(TimeFormat) != stamp {
		return Entry{}, false
	}

	return Entry{ID: ID(id), Kind: Kind(kind), At: at, Body: []byte(rest[:atID])}, true
}

// LeafID gives the id in a leaf, for naming it; "" if the leaf is no leaf.
func LeafID(leaf []byte) ID {
	entry, ok := splitLeaf(leaf)
	if !ok || !ids.Valid(idPrefix, string(entry.ID)) {
		return ""
	}

	return entry.ID
}
