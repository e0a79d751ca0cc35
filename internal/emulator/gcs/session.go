package gcs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// quantum is the unit of a resumable upload: chunks but the last are multiples of it, and only whole quanta
// are persisted before the last (cloud.google.com/storage/docs/resumable-uploads).
const quantum = 256 << 10

// session is one resumable upload. Its bytes are content/ID from the beginning, so that finishing moves
// nothing: the object's record names the file, and that rename is the commit.
type session struct {
	ID         string     `json:"id"`
	Bucket     string     `json:"bucket"`
	Name       string     `json:"name"`
	Created    time.Time  `json:"created"`
	Fields     document   `json:"fields"`
	Conditions conditions `json:"conditions"`
	Declared   declared   `json:"declared"`
	// Done is the object that the upload became. It is answered again to whoever did not hear it.
	Done document `json:"done,omitempty"`

	mu  sync.Mutex // one request at a time; guards sum, and Done together with the store's lock
	sum *digest    // of what is persisted; nil until first used after a restart
}

func (s *store) findSession(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

// sessionObject is the object name of a session, or "".
func (s *store) sessionObject(id string) string {
	if open := s.findSession(id); open != nil {
		return open.Name
	}
	return ""
}

// addSession makes a session durable. Callers hold the store's lock.
func (s *store) addSession(open *session) error {
	if err := s.disk.write(s.disk.session(open.ID), open); err != nil {
		return err
	}
	s.sessions[open.ID] = open
	return nil
}

// dropSession forgets a session and its bytes, unless an object uses them. Callers hold the store's lock.
func (s *store) dropSession(id string) error {
	err := s.disk.remove(s.disk.session(id))
	delete(s.sessions, id)
	if s.refs[id] > 0 {
		return err
	}
	return errors.Join(err, s.disk.remove(s.disk.content(id)))
}

// loadSessions reads sessions after a restart. A session whose bytes an object uses was committed just
// before the crash: it is marked as done now, so that the client's retry hears of it.
func (s *store) loadSessions() error {
	paths, err := s.disk.records(filepath.Join(s.disk.root, "sessions"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		open := &session{}
		if err := s.disk.read(path, open); err != nil {
			return err
		}
		if open.Done == nil && s.refs[open.ID] > 0 {
			open.Done = s.committed(open)
		}
		if err := s.addSession(open); err != nil {
			return err
		}
	}
	return nil
}

// committed finds the object that a session became.
func (s *store) committed(open *session) document {
	b := s.buckets[open.Bucket]
	if b == nil || b.objects[open.Name] == nil {
		return nil
	}
	for _, v := range b.objects[open.Name].Versions {
		if v.Content == open.ID {
			return b.objectResource(open.Name, v)
		}
	}
	return nil
}

// openContent opens the bytes of a session for appending. After a restart they are hashed again, and a
// quantum that was cut by the crash is dropped: it was never acknowledged.
func (s *store) openContent(open *session) (*os.File, error) {
	file, err := os.OpenFile(s.disk.content(open.ID), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, fmt.Errorf("opening a session's content: %w", err)
	}
	if err := open.restoreDigest(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := file.Seek(open.sum.size, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("seeking in a session's content: %w", err), file.Close())
	}
	return file, nil
}

func (o *session) restoreDigest(file *os.File) error {
	if o.sum != nil {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("reading a session's size: %w", err)
	}
	whole := info.Size() - info.Size()%quantum
	if err := file.Truncate(whole); err != nil {
		return fmt.Errorf("dropping half a quantum: %w", err)
	}
	sum := newDigest()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("hashing a session's content: %w", err)
	}
	o.sum = sum
	return nil
}

// persisted is how many bytes a session has. Callers hold the session's lock.
func (s *store) persisted(open *session) (int64, error) {
	if open.sum != nil {
		return open.sum.size, nil
	}
	file, err := s.openContent(open)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return open.sum.size, file.Close() //nolint:wrapcheck // nothing was written
}
