package gcs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// generationStep is how many generations one write of state.json reserves. A generation is the clock in
// microseconds, so that one second of them is one write.
const generationStep = 1_000_000

// store holds all state. Disk first, then memory: a write that fails changes nothing that can be seen.
type store struct {
	disk disk

	mu       sync.Mutex // guards everything below, and the order of record writes
	buckets  map[string]*bucket
	sessions map[string]*session
	refs     map[string]int // content id → versions that use it
	last     int64          // newest generation given out
	reserved int64          // newest generation that state.json allows
}

type stateRecord struct {
	Reserved int64 `json:"reserved"`
}

// openStore loads a directory and repairs what a crash left: temporary files, content that nothing names,
// and sessions whose object was committed but which were not yet marked as complete.
func openStore(d disk) (*store, error) {
	s := &store{disk: d, buckets: map[string]*bucket{}, sessions: map[string]*session{}, refs: map[string]int{}}
	var state stateRecord
	if err := d.read(d.state(), &state); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s.last, s.reserved = state.Reserved, state.Reserved
	entries, err := os.ReadDir(filepath.Join(d.root, "buckets"))
	if err != nil {
		return nil, fmt.Errorf("listing buckets: %w", err)
	}
	for _, entry := range entries {
		if err := s.loadBucket(entry.Name()); err != nil {
			return nil, err
		}
	}
	if err := s.loadSessions(); err != nil {
		return nil, err
	}
	if err := s.removeOrphans(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *store) loadBucket(name string) error {
	b := &bucket{objects: map[string]*object{}}
	err := s.disk.read(s.disk.bucketFile(name), b)
	if errors.Is(err, fs.ErrNotExist) {
		// A crash came between creating the directory and its record, or while deleting the bucket.
		if err := os.RemoveAll(s.disk.bucketDir(name)); err != nil {
			return fmt.Errorf("removing half a bucket: %w", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if b.config, err = configure(b.Fields); err != nil {
		return fmt.Errorf("bucket %s: %w", name, err)
	}
	paths, err := s.disk.records(filepath.Join(s.disk.bucketDir(name), "objects"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		var o object
		if err := s.disk.read(path, &o); err != nil {
			return err
		}
		b.objects[o.Name] = &o
		for _, v := range o.Versions {
			s.refs[v.Content]++
		}
	}
	s.buckets[name] = b
	return nil
}

// removeOrphans deletes content that neither a version nor a session names.
func (s *store) removeOrphans() error {
	entries, err := os.ReadDir(filepath.Join(s.disk.root, "content"))
	if err != nil {
		return fmt.Errorf("listing content: %w", err)
	}
	for _, entry := range entries {
		id := entry.Name()
		if s.refs[id] > 0 || s.sessions[id] != nil {
			continue
		}
		if err := s.disk.remove(s.disk.content(id)); err != nil {
			return err
		}
	}
	return nil
}

// generation gives out the next one: the clock in microseconds, and always more than any before, also
// across restarts and when the clock stands still or goes back.
func (s *store) generation(now time.Time) (int64, error) {
	next := max(s.last+1, now.UnixMicro())
	if next > s.reserved {
		reserved := next + generationStep
		if err := s.disk.write(s.disk.state(), stateRecord{Reserved: reserved}); err != nil {
			return 0, err
		}
		s.reserved = reserved
	}
	s.last = next
	return next, nil
}

// putBucket commits a bucket's record. A crash before the rename leaves the bucket as it was.
func (s *store) putBucket(b *bucket) error {
	if err := os.MkdirAll(filepath.Join(s.disk.bucketDir(b.Name), "objects"), dirMode); err != nil {
		return fmt.Errorf("creating a bucket's directory: %w", err)
	}
	if err := s.disk.write(s.disk.bucketFile(b.Name), b); err != nil {
		return err
	}
	s.buckets[b.Name] = b
	return nil
}

// dropBucket removes a bucket that holds nothing live. Its record goes first: a crash after that leaves a
// directory without a record, which Open removes.
func (s *store) dropBucket(b *bucket) error {
	if err := s.disk.remove(s.disk.bucketFile(b.Name)); err != nil {
		return err
	}
	delete(s.buckets, b.Name)
	var errs []error
	for _, o := range b.objects {
		for _, v := range o.Versions {
			errs = append(errs, s.release(v.Content))
		}
	}
	errs = append(errs, os.RemoveAll(s.disk.bucketDir(b.Name)))
	return errors.Join(errs...)
}

// putVersions commits all versions of a name in one rename, or removes the record when none is left.
// A crash leaves the old set or the new one; content that is no longer named is removed afterwards, or at
// the next Open.
func (s *store) putVersions(b *bucket, name string, versions []*version) error {
	path := s.disk.objectFile(b.Name, name)
	next := &object{Name: name, Versions: versions}
	var err error
	if len(versions) == 0 {
		err = s.disk.remove(path)
	} else {
		err = s.disk.write(path, next)
	}
	if err != nil {
		return err
	}
	old := b.objects[name]
	if len(versions) == 0 {
		delete(b.objects, name)
	} else {
		b.objects[name] = next
	}
	if slices.ContainsFunc(versions, softDeleted) {
		b.lasting = false
	}
	for _, v := range versions {
		s.refs[v.Content]++
	}
	if old == nil {
		return nil
	}
	var errs []error
	for _, v := range old.Versions {
		errs = append(errs, s.release(v.Content))
	}
	return errors.Join(errs...)
}

// release drops one use of a content file and removes the file with the last. A reader that has it open
// keeps its bytes, as POSIX promises.
func (s *store) release(content string) error {
	s.refs[content]--
	if s.refs[content] > 0 {
		return nil
	}
	delete(s.refs, content)
	return s.disk.remove(s.disk.content(content))
}
