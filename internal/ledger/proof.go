package ledger

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
)

// The first lines of the two proof formats.
const (
	proofTitle       = "c2sp.org/tlog-proof@v1"
	consistencyTitle = "steward ledger consistency v1"
)

// maxPath bounds the hashes in a proof: a tree of 2^63 entries has 63 levels,
// and a consistency proof may take one more.
const maxPath = 64

// Proof shows that one leaf is in the ledger of a checkpoint.
type Proof struct {
	// Index is the position of the entry.
	Index int64
	// Path holds the sibling hashes from leaf to root.
	Path tlog.RecordProof
	// Checkpoint is the signed note.
	Checkpoint []byte
}

// Encode gives the text of a proof: title, "index N", one base64 hash per line,
// an empty line, the signed checkpoint.
func (p Proof) Encode() []byte {
	return encodeProof(proofTitle, "index", p.Index, p.Path, p.Checkpoint)
}

// ParseProof reads the text of a proof, or returns failure.SignatureInvalid.
func ParseProof(data []byte) (Proof, error) {
	index, path, checkpoint, ok := parseProof(data, proofTitle, "index ")
	if !ok {
		return Proof{}, failure.New(failure.SignatureInvalid, "reading a ledger proof")
	}

	return Proof{Index: index, Path: path, Checkpoint: checkpoint}, nil
}

// VerifyProof shows, with nothing but the leaf, the proof's text and the key,
// that the leaf stands in the ledger; it returns the checkpoint and position.
// It returns failure.SignatureInvalid if it does not.
func VerifyProof(leaf, proof []byte, verifier note.Verifier) (Checkpoint, int64, error) {
	parsed, err := ParseProof(proof)
	if err != nil {
		return Checkpoint{}, 0, err
	}

	checkpoint, err := OpenCheckpoint(parsed.Checkpoint, verifier)
	if err != nil {
		return Checkpoint{}, 0, err
	}

	err = tlog.CheckRecord(parsed.Path, checkpoint.Size, checkpoint.Root, parsed.Index, tlog.RecordHash(leaf))
	if err != nil {
		return Checkpoint{}, 0, failure.Wrap(failure.SignatureInvalid, "checking a ledger proof", err)
	}

	return checkpoint, parsed.Index, nil
}

// Consistency shows that a newer ledger begins with an older one.
type Consistency struct {
	// OldSize is the size of the older ledger.
	OldSize int64
	// Path holds the hashes of RFC 6962, section 2.1.2.
	Path tlog.TreeProof
	// Checkpoint is the newer signed note.
	Checkpoint []byte
}

// Encode gives the text: title, "old N", hashes, an empty line, the checkpoint.
func (c Consistency) Encode() []byte {
	return encodeProof(consistencyTitle, "old", c.OldSize, c.Path, c.Checkpoint)
}

// ParseConsistency reads that text, or returns failure.SignatureInvalid.
func ParseConsistency(data []byte) (Consistency, error) {
	old, path, checkpoint, ok := parseProof(data, consistencyTitle, "old ")
	if !ok {
		return Consistency{}, failure.New(failure.SignatureInvalid, "reading a ledger consistency proof")
	}

	return Consistency{OldSize: old, Path: path, Checkpoint: checkpoint}, nil
}

// VerifyConsistency shows that the ledger of the proof's checkpoint begins with
// the ledger of the old checkpoint that somebody kept. It returns the newer
// checkpoint, or failure.SignatureInvalid.
func VerifyConsistency(oldCheckpoint, proof []byte, verifier note.Verifier) (Checkpoint, error) {
	parsed, err := ParseConsistency(proof)
	if err != nil {
		return Checkpoint{}, err
	}

	older, err := OpenCheckpoint(oldCheckpoint, verifier)
	if err != nil {
		return Checkpoint{}, err
	}

	newer, err := OpenCheckpoint(parsed.Checkpoint, verifier)
	if err != nil {
		return Checkpoint{}, err
	}

	if older.Size != parsed.OldSize {
		return Checkpoint{}, failure.New(failure.SignatureInvalid, "checking a proof from another size")
	}

	if err := tlog.CheckTree(parsed.Path, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return Checkpoint{}, failure.Wrap(failure.SignatureInvalid, "checking a ledger consistency proof", err)
	}

	return newer, nil
}

func encodeProof(title, word string, n int64, path []tlog.Hash, checkpoint []byte) []byte {
	var out bytes.Buffer

	out.WriteString(title + "\n" + word + " " + strconv.FormatInt(n, 10) + "\n")

	for _, hash := range path {
		out.WriteString(hash.String() + "\n")
	}

	out.WriteByte('\n')
	out.Write(checkpoint)

	return out.Bytes()
}

//nolint:revive // four results of one line of parsing; a struct would be used once
func parseProof(data []byte, title, word string) (n int64, path []tlog.Hash, checkpoint []byte, ok bool) {
	head, signed, okSplit := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")

	if !okSplit || len(lines) < 2 || len(lines) > 2+maxPath || lines[0] != title {
		return 0, nil, nil, false
	}

	number, okWord := strings.CutPrefix(lines[1], word)
	n, okNumber := parsePosition(number)

	if !okWord || !okNumber {
		return 0, nil, nil, false
	}

	for _, line := range lines[2:] {
		hash, okHash := parseHash(line)
		if !okHash {
			return 0, nil, nil, false
		}

		path = append(path, hash)
	}

	return n, path, []byte(signed), true
}
