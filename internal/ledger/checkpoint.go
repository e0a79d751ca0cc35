package ledger

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
)

// timeLine begins the extension line that says when the checkpoint was signed.
const timeLine = "time "

// Checkpoint is the state of the whole ledger in four lines: whoever kept one
// can later show that nothing before it was changed.
type Checkpoint struct {
	// Origin names the ledger; it is the name of the signing key.
	Origin string
	// Size is the number of entries.
	Size int64
	// Root is the Merkle root over them (RFC 6962).
	Root tlog.Hash
	// At is when it was signed, cut to microseconds.
	At time.Time
}

// Text is what is signed: the C2SP checkpoint body (origin, size, base64 root)
// with one extension line for the time. Each line ends in a line feed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n" +
		timeLine + c.At.UTC().Format(TimeFormat) + "\n"
}

// Sign gives the signed note. The origin must be the signer's name.
func (c Checkpoint) Sign(signer note.Signer) ([]byte, error) {
	if c.Origin != signer.Name() {
		return nil, failure.New(failure.Internal, "signing a checkpoint of another origin")
	}

	signed, err := note.Sign(&note.Note{Text: c.Text()}, signer)
	if err != nil {
		return nil, failure.Wrap(failure.Internal, "signing a checkpoint", err)
	}

	return signed, nil
}

// OpenCheckpoint verifies and reads a signed checkpoint. Unknown extra
// signatures and extra extension lines are ignored, as C2SP asks. It returns
// failure.SignatureInvalid if no signature of this verifier holds, the text
// is not a checkpoint, or the origin is not the verifier's name.
func OpenCheckpoint(signed []byte, verifier note.Verifier) (Checkpoint, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, failure.Wrap(failure.SignatureInvalid, "opening a checkpoint", err)
	}

	checkpoint, ok := parseCheckpoint(opened.Text)
	if !ok || checkpoint.Origin != verifier.Name() || !strictSignatures(opened) {
		return Checkpoint{}, failure.New(failure.SignatureInvalid, "reading a checkpoint's lines")
	}

	return checkpoint, nil
}

// strictSignatures refuses base64 with bits that are not used: the package note
// ignores them, and a checkpoint shall have one text only.
func strictSignatures(opened *note.Note) bool {
	for _, signature := range slices.Concat(opened.Sigs, opened.UnverifiedSigs) {
		if _, err := base64.StdEncoding.Strict().DecodeString(signature.Base64); err != nil {
			return false
		}
	}

	return true
}

// The lines of a checkpoint's text.
const (
	lineOrigin = iota
	lineSize
	lineRoot
	lineTime
	checkpointLines
)

func parseCheckpoint(text string) (Checkpoint, bool) {
	lines := strings.Split(text, "\n")
	if len(lines) <= checkpointLines {
		return Checkpoint{}, false
	}

	size, okSize := parsePosition(lines[lineSize])
	root, okRoot := parseHash(lines[lineRoot])
	stamp, okLine := strings.CutPrefix(lines[lineTime], timeLine)
	at, err := time.Parse(TimeFormat, stamp)

	if !okSize || !okRoot || !okLine || err != nil || at.Format(TimeFormat) != stamp {
		return Checkpoint{}, false
	}

	return Checkpoint{Origin: lines[lineOrigin], Size: size, Root: root, At: at}, true
}

// parsePosition reads a canonical decimal number that is not negative.
func parsePosition(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)

	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
}

// parseHash reads the one base64 text of a hash.
func parseHash(text string) (tlog.Hash, bool) {
	var hash tlog.Hash

	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize || len(text) != base64.StdEncoding.EncodedLen(tlog.HashSize) {
		return hash, false
	}

	copy(hash[:], raw)

	return hash, true
}
