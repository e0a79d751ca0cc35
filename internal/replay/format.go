package replay

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"maps"
	"slices"

	"steward/internal/failure"
	"steward/internal/store"
)

// A record is JSON, one value a line: the header, each chunk of frozen keys in the order of their
// sets, and the end, without which it was cut.
type (
	chunkLine struct {
		Set   string     `json:"set"`
		Chunk int        `json:"chunk"`
		Rows  [][]string `json:"rows"`
	}
	endLine struct {
		// Keys counts the rows of all chunks.
		Keys int64 `json:"keys"`
		// MAC is HMAC-SHA-256 under the replay key, in hex, over the SHA-256 of all lines before: age does not
		// say who wrote what it encrypts.
		MAC string `json:"mac"`
	}
	// line is any of the two.
	line struct {
		chunkLine

		End *endLine `json:"end,omitempty"`
	}
)

// written is what a record turned out to be.
type written struct {
	content string
	keys    int64
}

// write writes the content of a record. The same facts and keys give the same bytes.
func (k *Key) write(ctx context.Context, to io.Writer, header Header, frozen store.Frozen) (written, error) {
	sum := sha256.New()
	encoder := json.NewEncoder(io.MultiWriter(to, sum))
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(header); err != nil {
		return written{}, failure.Wrap(failure.Unavailable, "writing a replay record", err)
	}

	keys, err := writeKeys(ctx, encoder, frozen)
	if err != nil {
		return written{}, err
	}

	mac, err := k.mac(header.Key, sum)
	if err != nil {
		return written{}, err
	}

	err = encoder.Encode(struct {
		End endLine `json:"end"`
	}{endLine{Keys: keys, MAC: mac}})

	return written{hex.EncodeToString(sum.Sum(nil)), keys}, failure.Wrap(failure.Unavailable, "writing a replay record", err)
}

// writeKeys writes every chunk and counts their rows.
func writeKeys(ctx context.Context, encoder *json.Encoder, frozen store.Frozen) (keys int64, err error) {
	sets, err := frozen.Sets(ctx)
	if err != nil {
		return 0, failure.Wrap(failure.Unavailable, "reading frozen keys", err)
	}

	for _, set := range slices.Sorted(maps.Keys(sets)) {
		for chunk := range sets[set] {
			rows, err := frozen.Get(ctx, set, chunk)
			if err != nil {
				return 0, failure.Wrap(failure.Unavailable, "reading frozen keys", err)
			}

			if rows == nil {
				return 0, failure.New(failure.EvidenceMissing, "reading frozen keys (a chunk is missing)")
			}

			keys += int64(len(rows))

			if err := encoder.Encode(chunkLine{Set: set, Chunk: chunk, Rows: rows}); err != nil {
				return 0, failure.Wrap(failure.Unavailable, "writing a replay record", err)
			}
		}
	}

	return keys, nil
}

// mac is the HMAC of what was hashed so far.
func (k *Key) mac(name string, sum hash.Hash) (string, error) {
	derived, err := k.derived(name, forRecords)
	if err != nil {
		return "", err
	}

	mac := hmac.New(sha256.New, derived)
	mac.Write(sum.Sum(nil))

	return hex.EncodeToString(mac.Sum(nil)), nil
}

// Record is an opened record.
type Record struct {
	Header

	// Keys are the frozen keys of what went.
	Keys *Keys
	// Content is the hex SHA-256 of what was sealed.
	Content string
}

// read reads the content of a record to its end. It fails with ReplayInvalid for anything that
// write did not write with a replay key that is held here, and with the reader's error.
func (k *Key) read(ctx context.Context, from io.Reader) (Record, error) {
	lines := &lineReader{decoder: json.NewDecoder(from), sum: sha256.New()}
	record := Record{Keys: NewKeys()}

	if err := lines.next(&record.Header); err != nil {
		return Record{}, err
	}

	if record.Format != Format {
		return Record{}, invalid("its format is of another version")
	}

	for counted := int64(0); ; {
		mac, err := k.mac(record.Key, lines.sum)
		if err != nil {
			return Record{}, err
		}

		var read line
		if err := lines.next(&read); err != nil {
			return Record{}, err
		}

		if read.End != nil {
			if read.End.Keys != counted || !hmac.Equal([]byte(read.End.MAC), []byte(mac)) {
				return Record{}, invalid("it was written by somebody else")
			}

			record.Content = hex.EncodeToString(lines.sum.Sum(nil))

			return record, lines.end()
		}

		if sets := record.Keys.sets[read.Set]; read.Chunk != len(sets) || read.Rows == nil {
			return Record{}, invalid("its chunks are out of order")
		}

		counted += int64(len(read.Rows))

		if err := record.Keys.Put(ctx, read.Set, read.Chunk, read.Rows); err != nil {
			return Record{}, err
		}
	}
}

// lineReader reads values and hashes them as they were written: a value, a line feed.
type lineReader struct {
	decoder *json.Decoder
	sum     hash.Hash
}

func (l *lineReader) next(into any) error {
	var raw json.RawMessage

	if err := l.decoder.Decode(&raw); err != nil {
		return readFailure(err)
	}

	l.sum.Write(raw)
	l.sum.Write([]byte("\n"))

	if err := json.Unmarshal(raw, into); err != nil {
		return invalid("a line of it is none")
	}

	return nil
}

// end makes sure that nothing follows, which also reads to where a cut would show.
func (l *lineReader) end() error {
	var more json.RawMessage

	err := l.decoder.Decode(&more)
	if errors.Is(err, io.EOF) {
		return nil
	}

	if err != nil {
		return readFailure(err)
	}

	return invalid("something follows its end")
}

// readFailure keeps the code of what could not be read; everything else is a record that is none.
func readFailure(err error) error {
	if failure.CodeOf(err) != failure.Internal {
		return failure.Wrap(failure.ReplayInvalid, "reading a replay record", err)
	}

	return invalid("it is cut or no record")
}
