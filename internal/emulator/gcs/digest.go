package gcs

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the API's own checksum, no secret depends on it
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"strings"
)

// castagnoli is the table of CRC32C.
var castagnoli = crc32.MakeTable(crc32.Castagnoli) //nolint:gochecknoglobals // a table

// digest computes what the service stores about content while it streams by.
type digest struct {
	crc  uint32
	md5  hash.Hash
	size int64
}

func newDigest() *digest { return &digest{md5: md5.New()} } //nolint:gosec // see the import

// Write takes p into account.
func (d *digest) Write(p []byte) (int, error) {
	d.crc = crc32.Update(d.crc, castagnoli, p)
	d.size += int64(len(p))
	return d.md5.Write(p) // hash.Hash never returns an error
}

func (d *digest) version(content string, fields document) version {
	return version{Content: content, Size: d.size, CRC32C: d.crc, MD5: d.md5.Sum(nil), Fields: fields}
}

// declared is what the writer says about the content, base64 as sent; empty means not said.
type declared struct {
	CRC32C string `json:"crc32c,omitempty"`
	MD5    string `json:"md5,omitempty"`
}

// declare reads checksums from the resource and from the headers X-Goog-Hash and Content-MD5.
func declare(fields document, header http.Header) declared {
	d := declared{CRC32C: fields.text("crc32c"), MD5: fields.text("md5Hash")}
	for _, line := range header.Values("X-Goog-Hash") {
		for part := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch name {
			case "crc32c":
				d.CRC32C = value
			case "md5":
				d.MD5 = value
			}
		}
	}
	if value := header.Get("Content-MD5"); value != "" {
		d.MD5 = value
	}
	return d
}

// over returns d with what later says taking precedence.
func (d declared) over(later declared) declared {
	if later.CRC32C != "" {
		d.CRC32C = later.CRC32C
	}
	if later.MD5 != "" {
		d.MD5 = later.MD5
	}
	return d
}

// verify refuses content that is not what was declared.
func (d declared) verify(got *digest) error {
	if crc := encodeCRC(got.crc); d.CRC32C != "" && d.CRC32C != crc {
		return invalid("Provided CRC32C %q doesn't match calculated CRC32C %q.", d.CRC32C, crc)
	}
	sum := got.md5.Sum(nil)
	if want, err := base64.StdEncoding.DecodeString(d.MD5); d.MD5 != "" && (err != nil || !bytes.Equal(want, sum)) {
		return invalid("Provided MD5 hash %q doesn't match calculated MD5 hash.", d.MD5)
	}
	return nil
}

// storeContent streams r into a new content file and flushes it. On an error nothing is left behind; a
// crash leaves a file that nothing names, which the next Open removes.
func (s *store) storeContent(r io.Reader) (string, *digest, error) {
	id := newID()
	file, err := os.OpenFile(s.disk.content(id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return "", nil, fmt.Errorf("creating content: %w", err)
	}
	sum, source := newDigest(), &sourceReader{inner: r}
	_, err = io.Copy(io.MultiWriter(file, sum), source)
	if err == nil {
		err = s.disk.flush(file)
	}
	if source.err != nil {
		err = arrivedIncomplete(source.err)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", nil, errors.Join(fmt.Errorf("storing content: %w", err), s.disk.remove(s.disk.content(id)))
	}
	return id, sum, nil
}

// sourceReader remembers the reader's own error, to tell a lost client (400) from a failing disk (500).
type sourceReader struct {
	inner io.Reader
	err   error
}

// Read passes through.
func (r *sourceReader) Read(p []byte) (int, error) {
	n, err := r.inner.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err // io.Reader: io.EOF must stay itself
}
