package gcs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
	// tempSuffix marks a file that a crash may leave before its rename; Open removes it.
	tempSuffix = ".tmp"
)

// disk is the directory layout:
//
//	state.json                      the highest generation that may have been given out
//	buckets/NAME/bucket.json        the bucket's record
//	buckets/NAME/objects/SHA.json   one record per object name (SHA-256 of the name)
//	sessions/ID.json                resumable sessions
//	content/ID                      bytes of versions and of sessions
type disk struct {
	root string
	// sync makes every commit survive a power cut too; a process that is killed loses nothing either way.
	sync bool
}

func openDisk(root string, sync bool) (disk, error) {
	d := disk{root: root, sync: sync}
	for _, dir := range []string{"buckets", "sessions", "content"} {
		if err := os.MkdirAll(filepath.Join(root, dir), dirMode); err != nil {
			return d, fmt.Errorf("creating the emulator's directory: %w", err)
		}
	}
	return d, nil
}

func (d disk) content(id string) string   { return filepath.Join(d.root, "content", id) }
func (d disk) session(id string) string   { return filepath.Join(d.root, "sessions", id+".json") }
func (d disk) bucketDir(b string) string  { return filepath.Join(d.root, "buckets", b) }
func (d disk) bucketFile(b string) string { return filepath.Join(d.bucketDir(b), "bucket.json") }
func (d disk) state() string              { return filepath.Join(d.root, "state.json") }

func (d disk) objectFile(bucket, name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(d.bucketDir(bucket), "objects", hex.EncodeToString(sum[:])+".json")
}

// write replaces a record. A crash leaves the old record or the new one, never a mixture; the bytes are on
// the disk before the name points at them.
func (d disk) write(path string, record any) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	file, err := os.OpenFile(path+tempSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fileMode) //nolint:gosec // names are ours
	if err != nil {
		return fmt.Errorf("creating a record: %w", err)
	}
	_, err = file.Write(raw)
	if err == nil {
		err = d.flush(file)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing a record: %w", err)
	}
	if err := os.Rename(path+tempSuffix, path); err != nil {
		return fmt.Errorf("committing a record: %w", err)
	}
	return d.flushDir(filepath.Dir(path))
}

func (d disk) flush(file *os.File) error {
	if !d.sync {
		return nil
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("flushing a file: %w", err)
	}
	return nil
}

func (d disk) flushDir(path string) error {
	if !d.sync {
		return nil
	}
	dir, err := os.Open(path) //nolint:gosec // see write
	if err != nil {
		return fmt.Errorf("opening a directory: %w", err)
	}
	return errors.Join(d.flush(dir), dir.Close())
}

// remove deletes a file; that it is already gone is fine, since a crash may have come between.
func (d disk) remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a file: %w", err)
	}
	return nil
}

func (d disk) read(path string, record any) error {
	raw, err := os.ReadFile(path) //nolint:gosec // see write
	if err != nil {
		return fmt.Errorf("reading a record: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(record); err != nil {
		return fmt.Errorf("decoding the record %s: %w", filepath.Base(path), err)
	}
	return nil
}

// records lists the record files of a directory and removes what a crash left beside them.
func (d disk) records(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the emulator's directory: %w", err)
	}
	var paths []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case strings.HasSuffix(path, tempSuffix):
			if err := d.remove(path); err != nil {
				return nil, err
			}
		case strings.HasSuffix(path, ".json"):
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// newID names a session or a content file: 128 random bits.
func newID() string {
	const idBytes = 16
	raw := make([]byte, idBytes)
	rand.Read(raw) // crypto/rand.Read never fails; it ends the process instead
	return hex.EncodeToString(raw)
}
