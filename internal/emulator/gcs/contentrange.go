package gcs

import (
	"strconv"
	"strings"
)

// contentRange is the header of one request of a resumable upload.
type contentRange struct {
	bytes bool  // false for "bytes */…": no bytes are sent
	first int64 // offset of the first byte
	last  int64 // offset of the last byte
	total int64 // -1 for "*": more will follow
}

// namesTotal reports whether the request may be the last of its upload.
func namesTotal(header string) bool {
	_, total, ok := strings.Cut(header, "/")
	return !ok || total != "*" // without a range the whole object comes at once
}

// parseContentRange reads "bytes a-b/n", "bytes a-b/*", "bytes */n" and "bytes */*".
func parseContentRange(header string) (contentRange, error) {
	bad := invalid("Invalid Content-Range header %q.", header)
	spec, ok := strings.CutPrefix(header, "bytes ")
	span, total, cut := strings.Cut(spec, "/")
	if !ok || !cut {
		return contentRange{}, bad
	}
	r := contentRange{total: -1}
	var err error
	if total != "*" {
		if r.total, err = strconv.ParseInt(total, 10, 64); err != nil || r.total < 0 {
			return r, bad
		}
	}
	if span == "*" {
		return r, nil
	}
	r.bytes = true
	first, last, cut := strings.Cut(span, "-")
	if !cut {
		return r, bad
	}
	if r.first, err = strconv.ParseInt(first, 10, 64); err != nil || r.first < 0 {
		return r, bad
	}
	if r.last, err = strconv.ParseInt(last, 10, 64); err != nil || r.last < r.first {
		return r, bad
	}
	if r.total >= 0 && r.last+1 != r.total {
		return r, r.notLast()
	}
	return r, nil
}

// notLast refuses a request that names the total and does not reach it: the service takes a chunk that is
// not the last only with "*".
func (r contentRange) notLast() error {
	if r.last+1 > r.total {
		return invalid("The last byte %d is beyond the total size %d.", r.last, r.total)
	}
	if (r.last-r.first+1)%quantum != 0 {
		return notAQuantum(r.last - r.first + 1)
	}
	return nil
}

func notAQuantum(length int64) error {
	return invalid("Invalid request. The number of bytes uploaded is required to be a multiple of %d, except for "+
		"the final request. The received request contained %d bytes.", quantum, length)
}
