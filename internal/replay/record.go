package replay

import (
	"encoding/hex"
	"time"

	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/store"
)

// Format names the layout of a record; a reader refuses any other.
const Format = "steward-replay/1"

// Header is all of a record but for the frozen keys.
type Header struct {
	Format string `json:"format"`
	// Erasure is the opaque id of the erasure.
	Erasure string `json:"erasure"`
	// Key names the replay key that made the HMACs: by its age recipient, which is public.
	Key string `json:"key"`
	// Kind and Account are those of the subject: a person's account is that of the scope.
	Kind    plan.Subject `json:"kind"`
	Account string       `json:"account"`
	// Identities are HMACs of a person's identities under the replay key, by type, each in the form in
	// which it is compared; none for an account.
	Identities map[string][]string `json:"identities,omitempty"`
	// Plan is the hex SHA-256 of the plan; Map and Schema those of the data map and of the live schema that it was made from.
	Plan   string `json:"plan_sha256"`
	Map    string `json:"map_sha256"`
	Schema string `json:"schema_sha256"`
	// Steps are the plan's: what was done where.
	Steps []plan.Step `json:"steps"`
	// Pseudonym is the key of this erasure's pseudonyms, in hex, empty where it made none: what is erased again gets the same ones.
	Pseudonym string `json:"pseudonym,omitempty"`
}

// Stored says where a record lies.
type Stored struct {
	// Object and Generation name it in the bucket, Bytes and SHA256 are of what is stored.
	Object     string
	Generation int64
	Bytes      int64
	SHA256     string
	// Content is the hex SHA-256 of what is sealed in it: two records of the same content say the same.
	Content string
	// Plan is the hex SHA-256 of the plan that it was written for.
	Plan string
	// Keys is how many frozen keys it has.
	Keys int64
	// WrittenAt is when it was stored, GoneAt when it was proven gone; zero before.
	WrittenAt, GoneAt time.Time
}

// Object is the name of the record of an erasure in the bucket.
func Object(erasure string) string { return "erasures/" + erasure + "/replay" }

// Facts are what a record is written from.
type Facts struct {
	// Subject is whoever is erased, with the identities, which leave this process as HMACs only.
	Subject store.Subject
	// Plan is the frozen plan, whose hash is PlanSHA256.
	Plan       plan.Plan
	PlanSHA256 string
	// Pseudonym is the key of the erasure's pseudonyms; nil where it makes none.
	Pseudonym []byte
	// At is when the record is written; it is not in the record, so that each try of one erasure writes the same.
	At time.Time
}

func invalid(why string) error {
	return failure.New(failure.ReplayInvalid, "reading a replay record ("+why+")")
}

// PseudonymKey is the key of the erasure's pseudonyms, nil where it made none.
func (h Header) PseudonymKey() []byte {
	plain, err := hex.DecodeString(h.Pseudonym)
	if err != nil || len(plain) == 0 {
		return nil // a record that was read is authentic: it has hex or nothing
	}

	return plain
}
