package certificate

import (
	"time"

	"steward/internal/erasure/goneby"
	"steward/internal/erasure/plan"
	"steward/internal/ledger"
	"steward/internal/letter"
	"steward/internal/store"
)

// Format names the layout of this document; a reader refuses any other.
const Format = "steward-certificate/1"

// IDPrefix begins the id of a certificate.
const IDPrefix = "crt"

// Kind tells the two certificates of an erasure apart.
type Kind string

// The kinds.
const (
	// First is issued once every store has answered and was verified; it lists what is still open.
	First Kind = "first"
	// Final is issued once the subject is gone everywhere; nothing is open in it.
	Final Kind = "final"
)

// Certificate is what is signed.
type Certificate struct {
	Format string `json:"format"`
	// ID is opaque: crt_ and 26 characters.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Erasure is the opaque id of the erasure, Cause the code of what asked for it, and
	// Reference the opaque id under which it was asked for; empty if there was none.
	Erasure   string `json:"erasure"`
	Cause     string `json:"cause"`
	Reference string `json:"reference,omitempty"`
	// Subject says whether an account or a person was erased.
	Subject plan.Subject `json:"subject"`
	// Company and Contact are those of the policy, Zone is where the page's times are.
	Company string `json:"company"`
	Contact string `json:"contact,omitempty"`
	Zone    string `json:"zone"`
	// Language is that of the page.
	Language letter.Language `json:"language"`
	// Policy, Map, Schema and Plan are hex SHA-256 of what was in force and carried out.
	Policy string `json:"policy_sha256"`
	Map    string `json:"map_sha256"`
	Schema string `json:"schema_sha256"`
	Plan   string `json:"plan_sha256"`
	// RequestedAt is when it was asked for, DecidedAt when its tombstone was committed, ErasedAt when all stores had
	// answered, VerifiedAt when those that erased by themselves were last looked at by other code (not one that failed),
	// and IssuedAt when this was made.
	RequestedAt time.Time `json:"requested_at"`
	DecidedAt   time.Time `json:"decided_at"`
	ErasedAt    time.Time `json:"erased_at"`
	VerifiedAt  time.Time `json:"verified_at"`
	IssuedAt    time.Time `json:"issued_at"`
	// Stores are all places that hold data of subjects, in the order of their names.
	Stores []Store `json:"stores"`
	// Exceptions are the published ones that something is retained under.
	Exceptions []Exception `json:"exceptions"`
	// GoneBy is when the subject is gone everywhere, with what cannot say so.
	GoneBy goneby.Verdict `json:"gone_by"`
	// Tombstone is the proof of the point of no return.
	Tombstone Tombstone `json:"tombstone"`
}

// Store is how one place came out.
type Store struct {
	// Name is the store's name in plans.
	Name string `json:"name"`
	// Outcome is how it came out. What is retained stands in its parts, with its basis, how many and until when. A
	// certificate of before there were parts has none, and nothing retained.
	Outcome store.Outcome `json:"outcome"`
	// GoneBy is when nothing is left there; zero where nobody can say.
	GoneBy time.Time `json:"gone_by,omitzero"`
	// Open says that something may still be there when the certificate is issued, and why in one code: expires,
	// retained, or the code of a failure.
	Open string `json:"open,omitempty"`
}

// Exception is a published reason to retain something.
type Exception struct {
	// Name is its key in the policy, Basis the reason that is published.
	Name  string `json:"name"`
	Basis string `json:"basis"`
	// Until is for how long, in the policy's words.
	Until string `json:"until"`
}

// Tombstone shows, with nothing but the ledger's public key, that the point of no return
// stands in the ledger.
type Tombstone struct {
	Entry    ledger.ID `json:"entry"`
	Position int64     `json:"position"`
	// Leaf is the entry's text, Proof that it stands under the checkpoint in it (c2sp.org/tlog-proof).
	Leaf  string `json:"leaf"`
	Proof string `json:"proof"`
	// Commitment is the salted hash of the subject, as the leaf has it.
	Commitment string `json:"commitment"`
}
