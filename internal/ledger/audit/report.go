package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ledger"
)

// Where says which copy a finding is about.
type Where string

// The copies.
const (
	// Database is the steward database.
	Database Where = "database"
	// InMirror is the mirror bucket.
	InMirror Where = "mirror"
	// Both are both of them, in the same way.
	Both Where = "both"
	// Kept is a checkpoint that somebody kept.
	Kept Where = "kept"
)

// What says what is wrong. docs/ledger.md says what each means and what to do.
type What string

// The findings.
const (
	// Changed: an entry's content is not what was sealed.
	Changed What = "changed"
	// Missing: a sealed entry is not there.
	Missing What = "missing"
	// CutHead: entries are missing from the first one on.
	CutHead What = "cut_head"
	// CutTail: entries are missing up to the last one.
	CutTail What = "cut_tail"
	// Reordered: a sealed entry stands at another's position.
	Reordered What = "reordered"
	// Duplicated: a sealed entry stands there once more.
	Duplicated What = "duplicated"
	// Inserted: there is something that was never sealed.
	Inserted What = "inserted"
	// Forked: a history other than the signed one, or two signed ones.
	Forked What = "forked"
	// Rewound: the copy ends before a state that was signed.
	Rewound What = "rewound"
	// CheckpointBad: a checkpoint's signature or text does not hold.
	CheckpointBad What = "checkpoint_bad"
	// CheckpointMissing: a checkpoint is not in the mirror.
	CheckpointMissing What = "checkpoint_missing"
	// StoredHashWrong: a stored hash is not the one of the sealed content.
	StoredHashWrong What = "stored_hash_wrong"
	// HeadMismatch: the head row is not what its checkpoint says.
	HeadMismatch What = "head_mismatch"
	// SegmentChanged: the frame or the row of a segment is not what was sealed.
	SegmentChanged What = "segment_changed"
	// MirrorBehind: a seal was cut short; the next seal mends it. Not tampering.
	MirrorBehind What = "mirror_behind"
	// Unproven: so much is gone that the rest cannot be tied to a signed root.
	Unproven What = "unproven"
	// UnsealedOld: entries wait for their seal longer than allowed. Not tampering.
	UnsealedOld What = "unsealed_old"
)

// Finding is one thing that is wrong.
type Finding struct {
	// Where is the copy.
	Where Where `json:"where"`
	// What is wrong.
	What What `json:"what"`
	// From is the first position concerned, To the one after the last. For a
	// checkpoint or a head both are its size.
	From int64 `json:"from"`
	// To is the position after the last.
	To int64 `json:"to"`
	// ID is the entry's id, if one entry is concerned and its id is known.
	ID ledger.ID `json:"id,omitempty"`
	// Note is a fixed text that says more, or "".
	Note string `json:"note,omitempty"`
}

// String is the line that people read.
func (f Finding) String() string {
	text := fmt.Sprintf("%s: %s", f.Where, f.What)

	switch {
	case f.To == f.From+1:
		text += fmt.Sprintf(" at %d", f.From)
	case f.To > f.From:
		text += fmt.Sprintf(" from %d to %d", f.From, f.To-1)
	case f.From >= 0:
		text += fmt.Sprintf(" at size %d", f.From)
	}

	if f.ID != "" {
		text += " (" + string(f.ID) + ")"
	}

	if f.Note != "" {
		text += ": " + f.Note
	}

	return text
}

// Report is the result of a verification.
type Report struct {
	// Size and Root are the newest signed state that was seen.
	Size int64 `json:"size"`
	// Root is the Merkle root of that state, base64 in JSON.
	Root tlog.Hash `json:"root"`
	// SignedAt is when it was signed; zero for an empty ledger.
	SignedAt time.Time `json:"signed_at"`
	// Segments is the number of signed states that were checked.
	Segments int64 `json:"segments"`
	// Unsealed counts the entries that wait for their seal.
	Unsealed int64 `json:"unsealed"`
	// UnsealedAge is how long the oldest of them waits, in nanoseconds in JSON.
	UnsealedAge time.Duration `json:"unsealed_age"`
	// Findings are what is wrong, by position; at most MaxFindings.
	Findings []Finding `json:"findings"`
	// More counts the findings that were not kept.
	More int64 `json:"more"`
}

// MaxFindings bounds a report: whoever has that many needs a restore, not a list.
const MaxFindings = 10_000

// Clean reports whether nothing at all was found.
func (r *Report) Clean() bool { return len(r.Findings) == 0 }

// Tampered reports whether something was found that no crash can leave.
func (r *Report) Tampered() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.What != MirrorBehind && f.What != UnsealedOld
	})
}

func (r *Report) add(f Finding) {
	if len(r.Findings) >= MaxFindings {
		r.More++

		return
	}

	r.Findings = append(r.Findings, f)
}

// drop removes the findings that a better one explains.
func (r *Report) drop(explained func(Finding) bool) {
	r.Findings = slices.DeleteFunc(r.Findings, explained)
}

// finish merges the same finding in both copies into one, joins neighbours, and
// names missing entries at either end for what they are.
func (r *Report) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Note, b.Note))
	})

	merged := r.Findings[:0]

	for _, f := range r.Findings {
		if n := len(merged); n > 0 && sameThing(merged[n-1], f) {
			if merged[n-1].Where != f.Where {
				merged[n-1].Where = Both
			}

			continue
		}

		merged = append(merged, f)
	}

	r.Findings = r.named(join(merged))

	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(a.From, b.From) })
}

// sameThing reports whether two findings differ in nothing but the copy.
func sameThing(a, b Finding) bool {
	return a.What == b.What && a.From == b.From && a.To == b.To && a.Note == b.Note && a.Where != Kept && b.Where != Kept
}

// join makes one finding of neighbours in the same copy.
func join(findings []Finding) []Finding {
	var out []Finding

	last := make(map[Finding]int) // by What, Where and Note: the newest in out

	for _, f := range findings {
		kind := Finding{Where: f.Where, What: f.What, Note: f.Note}

		if at, seen := last[kind]; seen && out[at].To == f.From && f.To > f.From {
			out[at].To, out[at].ID = f.To, ""

			continue
		}

		last[kind] = len(out)
		out = append(out, f)
	}

	return out
}

// named calls missing entries at an end a cut.
func (r *Report) named(findings []Finding) []Finding {
	for i, f := range findings {
		switch {
		case f.What != Missing:
		case f.To == r.Size:
			findings[i].What = CutTail
		case f.From == 0:
			findings[i].What = CutHead
		}
	}

	return findings
}
