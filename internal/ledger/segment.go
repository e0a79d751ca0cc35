package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
)

// segmentTitle is the first line of a segment.
const segmentTitle = "steward ledger segment v1"

// Line is one entry in a segment.
type Line struct {
	// Position is its place in the ledger, from 0.
	Position int64
	// Hash is the leaf's hash as recorded; a verifier computes its own.
	Hash tlog.Hash
	// Leaf is the entry's text.
	Leaf []byte
}

// Segment is an immutable run of sealed entries in the mirror.
type Segment struct {
	// Origin names the ledger.
	Origin string
	// From is the first position, To the one after the last.
	From, To int64
	// Lines are the entries, in order.
	Lines []Line
}

// Encode gives the one text of a segment: title, origin, range, then one line
// per entry: position, base64 hash, leaf.
func (s Segment) Encode() []byte {
	size := len(segmentTitle) + len(s.Origin) + segmentHeadBytes
	for _, line := range s.Lines {
		size += len(line.Leaf) + lineBytes
	}

	out := make([]byte, 0, size)
	out = append(append(append(out, segmentTitle+"\norigin "...), s.Origin...), "\nrange "...)
	out = append(strconv.AppendInt(out, s.From, 10), ' ')
	out = append(strconv.AppendInt(out, s.To, 10), '\n')

	for _, line := range s.Lines {
		out = append(strconv.AppendInt(out, line.Position, 10), ' ')
		out = append(base64.StdEncoding.AppendEncode(out, line.Hash[:]), ' ')
		out = append(append(out, line.Leaf...), '\n')
	}

	return out
}

// Room for what surrounds the leaves: two positions with their words, and a
// position with its hash. Only a hint for the allocation.
const (
	segmentHeadBytes = 60
	lineBytes        = 66
)

// ParseSegment reads a segment and refuses every text that Encode would not
// give for it, with failure.LedgerTampered. It does not check the hashes.
func ParseSegment(data []byte) (Segment, error) {
	segment, intact := SalvageSegment(data)
	if !intact {
		return Segment{}, failure.New(failure.LedgerTampered, "reading a ledger segment")
	}

	return segment, nil
}

// segmentHead is the number of lines before the entries.
const segmentHead = 3

// SalvageSegment reads what it can of a segment, for a verifier that wants to
// name the damage: a line that cannot be read becomes an entry without leaf or
// hash at the place where it stands. It reports whether the text is intact.
func SalvageSegment(data []byte) (Segment, bool) {
	var segment Segment

	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if len(lines) < segmentHead {
		return segment, false
	}

	segment.Origin, _ = strings.CutPrefix(lines[1], "origin ")
	from, to, _ := strings.Cut(strings.TrimPrefix(lines[2], "range "), " ")
	segment.From, _ = parsePosition(from)
	segment.To, _ = parsePosition(to)

	for i, text := range lines[segmentHead:] {
		line, ok := parseLine(text)
		if !ok {
			line = Line{Position: segment.From + int64(i)}
		}

		segment.Lines = append(segment.Lines, line)
	}

	whole := segment.To-segment.From == int64(len(segment.Lines)) && segment.ordered()

	return segment, whole && bytes.Equal(segment.Encode(), data)
}

// ordered reports whether the lines carry the positions of the range.
func (s Segment) ordered() bool {
	for i, line := range s.Lines {
		if line.Position != s.From+int64(i) {
			return false
		}
	}

	return true
}

func parseLine(text string) (Line, bool) {
	position, rest, okPosition := strings.Cut(text, " ")
	hash, leaf, okHash := strings.Cut(rest, " ")
	at, okAt := parsePosition(position)
	// A hash that cannot be read leaves the line usable: the leaf has its own.
	recorded, _ := parseHash(hash)

	if !okPosition || !okHash || !okAt {
		return Line{}, false
	}

	return Line{Position: at, Hash: recorded, Leaf: []byte(leaf)}, true
}

// The names of objects in the mirror. Positions have twelve digits (a billion
// entries a day for two years), so that names sort as numbers do.
const (
	// SegmentPrefix begins the names of segments.
	SegmentPrefix = "segments/"
	// CheckpointPrefix begins the names of the checkpoints kept for each size.
	CheckpointPrefix = "checkpoints/"
	// WorkPrefix begins the names of the few objects that are replaced or
	// deleted; all others are written once and stay.
	WorkPrefix = "work/"
	// StagingPrefix begins the names of batches on their way into the ledger.
	StagingPrefix = WorkPrefix + "staging/"
	// LatestName is the pointer to the newest checkpoint: a copy of it.
	LatestName = WorkPrefix + "latest"
)

// SegmentName is the name of the segment [from, to).
func SegmentName(from, to int64) string {
	return fmt.Sprintf("%s%012d-%012d", SegmentPrefix, from, to)
}

// CheckpointName is the name of the checkpoint of a size.
func CheckpointName(size int64) string { return fmt.Sprintf("%s%012d", CheckpointPrefix, size) }

// StagingName is the name of a batch before it is sealed, made from its range
// and the SHA-256 of its content.
func StagingName(from, to int64, sum [sha256.Size]byte) string {
	return fmt.Sprintf("%s%012d-%012d-%s", StagingPrefix, from, to, hex.EncodeToString(sum[:]))
}

// ParseStagingName reads where a staged batch begins.
func ParseStagingName(name string) (from int64, ok bool) {
	first, _, _ := strings.Cut(strings.TrimPrefix(name, StagingPrefix), "-")
	from, err := strconv.ParseInt(first, 10, 64)

	return from, err == nil && strings.HasPrefix(name, StagingPrefix)
}

// ParseSegmentName reads the range in a segment's name.
func ParseSegmentName(name string) (from, to int64, ok bool) {
	first, second, _ := strings.Cut(strings.TrimPrefix(name, SegmentPrefix), "-")
	from, errFrom := strconv.ParseInt(first, 10, 64)
	to, errTo := strconv.ParseInt(second, 10, 64)

	return from, to, errFrom == nil && errTo == nil && from < to && SegmentName(from, to) == name
}

// ParseCheckpointName reads the size in a checkpoint's name.
func ParseCheckpointName(name string) (size int64, ok bool) {
	size, err := strconv.ParseInt(strings.TrimPrefix(name, CheckpointPrefix), 10, 64)

	return size, err == nil && CheckpointName(size) == name
}
