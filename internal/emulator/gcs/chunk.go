package gcs

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// chunk takes the bytes of one request. Bytes that are persisted already are read and ignored, whatever the
// client sent them for; a gap is refused.
func (c *call) chunk(open *session, asked contentRange) error {
	length := asked.last - asked.first + 1
	final := asked.total == asked.last+1
	if !final && length%quantum != 0 {
		return notAQuantum(length)
	}
	if sent := c.r.ContentLength; sent >= 0 && sent != length {
		return invalid("The Content-Range header announces %d bytes, the request carries %d.", length, sent)
	}
	file, err := c.server.store.openContent(open)
	if err != nil {
		return err
	}
	if asked.first > open.sum.size {
		return errors.Join(invalid("Invalid request.  According to the Content-Range header, the upload offset is %d "+
			"byte(s), which exceeds already uploaded size of %d byte(s).", asked.first, open.sum.size), file.Close())
	}
	err = c.appendChunk(open, file, asked)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if final {
		return c.finish(open)
	}
	return c.incomplete(open.sum.size)
}

// appendChunk skips what is known and appends the rest.
func (c *call) appendChunk(open *session, file *os.File, asked contentRange) error {
	known := min(open.sum.size-asked.first, asked.last-asked.first+1)
	if _, err := io.CopyN(io.Discard, c.r.Body, known); err != nil {
		return arrivedIncomplete(err)
	}
	if err := open.appendQuanta(file, c.r.Body, asked.last-asked.first+1-known); err != nil {
		return err
	}
	return c.server.store.disk.flush(file)
}

// wholeUpload takes the whole object in one request without Content-Range.
func (c *call) wholeUpload(open *session) error {
	if c.r.ContentLength < 0 {
		return refuse(http.StatusLengthRequired, "lengthRequired", "Content-Length or Content-Range is required.")
	}
	file, err := c.server.store.openContent(open)
	if err != nil {
		return err
	}
	if c.r.ContentLength < open.sum.size {
		return errors.Join(invalid("The session has more bytes than the request."), file.Close())
	}
	whole := contentRange{bytes: true, last: c.r.ContentLength - 1, total: c.r.ContentLength}
	if err := errors.Join(c.appendChunk(open, file, whole), file.Close()); err != nil {
		return err
	}
	return c.finish(open)
}

// appendQuanta appends want bytes of body: whole quanta as they arrive, and the rest only when all of it is
// there. What an interrupted request leaves is therefore always a multiple of the quantum.
func (o *session) appendQuanta(file *os.File, body io.Reader, want int64) error {
	buffer := make([]byte, quantum)
	for want > 0 {
		piece := buffer[:min(want, quantum)]
		if _, err := io.ReadFull(body, piece); err != nil {
			return arrivedIncomplete(err)
		}
		if _, err := io.MultiWriter(file, o.sum).Write(piece); err != nil {
			o.sum = nil // the file may hold part of it: look again next time
			return fmt.Errorf("writing content: %w", err)
		}
		want -= int64(len(piece))
	}
	return nil
}

func arrivedIncomplete(err error) error {
	return invalid("The content did not arrive completely: %v", err)
}
