package filemanifest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/gcs"
)

// maxLine bounds one line of a list: a name of 1 KiB and metadata of 8 KiB, with
// every byte escaped, take a tenth of it.
const maxLine = 1 << 20

// Entry is one file: one line of the list.
type Entry struct {
	// Name and Generation are those of the app's object.
	Name       string `json:"name"`
	Generation int64  `json:"generation"`
	// Bytes, CRC32C and SHA256 are of the content in the clear.
	Bytes  int64  `json:"bytes"`
	CRC32C uint32 `json:"crc32c"`
	SHA256 string `json:"sha256"`
	// Created is when the app stored this generation.
	Created time.Time `json:"created"`
	// Headers and Metadata are what the app stored with it.
	Headers  gcs.Headers       `json:"headers"`
	Metadata map[string]string `json:"metadata,omitempty"`
	// Content is where the content is stored.
	Content Content `json:"content"`
}

// Content names one stored content exactly.
type Content struct {
	// ID is its opaque id in the catalogue.
	ID         string `json:"id"`
	Object     string `json:"object"`
	Generation int64  `json:"generation"`
	// Bytes and SHA256 are of what is stored, encrypted.
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Totals are what a list adds up to; a header has the same numbers.
type Totals struct{ Count, SourceBytes, StoredBytes int64 }

func (t *Totals) add(entry Entry) {
	t.Count++
	t.SourceBytes += entry.Bytes
	t.StoredBytes += entry.Content.Bytes
}

// Writer writes a list: one line of JSON for each file, compressed and encrypted.
// Its memory does not grow with the number of files.
type Writer struct {
	lines  *archive.Writer
	encode *json.Encoder
	last   string
	totals Totals
}

// NewWriter starts a list on w. The list is whole only after Close returned nil.
func NewWriter(w io.Writer, recipients []age.Recipient) (*Writer, error) {
	lines, err := archive.NewWriter(w, recipients)
	if err != nil {
		return nil, fmt.Errorf("starting the list: %w", err)
	}

	return &Writer{lines: lines, encode: json.NewEncoder(lines)}, nil
}

// Add writes one file. Names must rise, byte by byte, as a bucket lists them.
func (w *Writer) Add(entry Entry) error {
	if err := inOrder(w.totals, w.last, entry.Name); err != nil {
		return err
	}

	w.last = entry.Name
	w.totals.add(entry)

	return failure.Wrap(failure.Unavailable, "writing the list", w.encode.Encode(entry))
}

// Totals are those of the files so far.
func (w *Writer) Totals() Totals { return w.totals }

// Close ends the list; without it a reader finds it cut.
func (w *Writer) Close() error { return w.lines.Close() }

// ReadList gives each file of a list in the clear to use, in order, and gives the
// totals. It fails with ManifestInvalid for a line that it does not understand and
// for names that do not rise: each file stands once.
func ReadList(r io.Reader, use func(Entry) error) (Totals, error) {
	var (
		totals Totals
		last   string
	)

	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)

	for lines.Scan() {
		var entry Entry

		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			// The error of the decoder may repeat a name.
			return totals, failure.New(failure.ManifestInvalid, "reading the list of files (a line is no JSON)")
		}

		if err := inOrder(totals, last, entry.Name); err != nil {
			return totals, err
		}

		last = entry.Name
		totals.add(entry)

		if err := use(entry); err != nil {
			return totals, err
		}
	}

	return totals, failure.Wrap(failure.ManifestInvalid, "reading the list of files", lines.Err())
}

func inOrder(before Totals, last, name string) error {
	if before.Count > 0 && name <= last {
		return failure.New(failure.ManifestInvalid, "listing files (their names do not rise)")
	}

	return nil
}
