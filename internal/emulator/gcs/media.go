package gcs

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// opened is a version with its content ready to be read. The file was opened under the store's lock, so
// that a delete in between cannot take the bytes away.
type opened struct {
	version *version
	file    *os.File
}

// readMedia answers content over the XML API (the client's default) or the JSON API (alt=media), whole or a
// range of it, with the hashes of the whole.
func readMedia(c *call) error {
	found, err := c.openMedia()
	if err != nil {
		return err
	}
	defer found.file.Close() //nolint:errcheck // it was only read
	v := found.version
	begin, length, err := byteRange(c.r.Header.Get("Range"), v.Size)
	if err != nil {
		c.w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", v.Size))
		return err
	}
	c.mediaHeaders(v)
	status := http.StatusOK
	if length != v.Size {
		status = http.StatusPartialContent
		c.w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", begin, begin+length-1, v.Size))
	}
	c.w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(c.w, io.NewSectionReader(found.file, begin, length)); err != nil {
		return fmt.Errorf("sending content: %w", err)
	}
	return nil
}

func (c *call) openMedia() (opened, error) {
	var found opened
	generation, err := c.generation("generation")
	if err != nil {
		return found, err
	}
	wanted, err := queryConditions(c.query, false)
	if c.isXML() {
		wanted, err = headerConditions(c.r.Header)
	}
	if err != nil {
		return found, err
	}
	err = c.inBucket(func(s *store, b *bucket, _ time.Time) error {
		v := b.find(c.objectName(), generation)
		if v == nil {
			return notFound("object")
		}
		if err := wanted.check(v, true); err != nil {
			return err
		}
		file, err := os.Open(s.disk.content(v.Content))
		if err != nil {
			return fmt.Errorf("opening content: %w", err)
		}
		found = opened{v, file}
		return nil
	})
	return found, err
}

func (c *call) mediaHeaders(v *version) {
	header := c.w.Header()
	for name, field := range map[string]string{
		"Content-Type": "contentType", "Content-Encoding": "contentEncoding", "Cache-Control": "cacheControl",
		"Content-Disposition": "contentDisposition", "Content-Language": "contentLanguage",
		"X-Goog-Storage-Class": "storageClass",
	} {
		if value := v.Fields.text(field); value != "" {
			header.Set(name, value)
		}
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/octet-stream")
	}
	header.Add("X-Goog-Hash", "crc32c="+encodeCRC(v.CRC32C))
	if v.MD5 != nil {
		header.Add("X-Goog-Hash", "md5="+base64.StdEncoding.EncodeToString(v.MD5))
	}
	header.Set("X-Goog-Generation", strconv.FormatInt(v.Generation, 10))
	header.Set("X-Goog-Metageneration", strconv.FormatInt(v.Metageneration, 10))
	header.Set("X-Goog-Stored-Content-Length", strconv.FormatInt(v.Size, 10))
	encoding := v.Fields.text("contentEncoding")
	if encoding == "" {
		encoding = "identity"
	}
	header.Set("X-Goog-Stored-Content-Encoding", encoding)
	header.Set("Accept-Ranges", "bytes")
	header.Set("ETag", strconv.Quote(etag(v.Generation, v.Metageneration)))
	header.Set("Last-Modified", v.Updated.UTC().Format(http.TimeFormat))
	metadata, _ := v.Fields["metadata"].(map[string]any) //nolint:errcheck // absent: no headers
	for key, value := range metadata {
		header.Set("X-Goog-Meta-"+key, fmt.Sprint(value))
	}
}

// byteRange reads "bytes=a-b", "bytes=a-" and "bytes=-n" against a size; several ranges and other units
// are ignored as HTTP allows, and the whole is served.
func byteRange(header string, size int64) (int64, int64, error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, cut := strings.Cut(spec, "-")
	if !ok || !cut || strings.Contains(spec, ",") {
		return 0, size, nil
	}
	unsatisfiable := refuse(http.StatusRequestedRangeNotSatisfiable, "requestedRangeNotSatisfiable",
		"The requested range cannot be satisfied.")
	if first == "" {
		suffix, err := strconv.ParseInt(last, 10, 64)
		if err != nil || suffix <= 0 || size == 0 {
			return 0, 0, unsatisfiable
		}
		suffix = min(suffix, size)
		return size - suffix, suffix, nil
	}
	begin, err := strconv.ParseInt(first, 10, 64)
	if err != nil || begin >= size {
		return 0, 0, unsatisfiable
	}
	if last == "" {
		return begin, size - begin, nil
	}
	end, err := strconv.ParseInt(last, 10, 64)
	if err != nil || end < begin {
		return 0, size, nil //nolint:nilerr // RFC 9110 14.1.1: an invalid range is ignored
	}
	return begin, min(end+1, size) - begin, nil
}
