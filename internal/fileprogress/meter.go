// Package fileprogress adds up what several goroutines do for a backup of files, so
// that whoever watches sees it move by bytes: a single file may take many hours.
package fileprogress

import (
	"io"
	"sync"
)

// The phases of taking and of drilling, in the words of the Temporal Web UI.
const (
	// Survey counts the bytes of the app's bucket before the first backup of it.
	Survey = "survey"
	// Files stores or proves contents. Its bytes are those that Expected told of.
	Files = "files"
	// List reads the list of files once, for its hash.
	List = "list"
	// Manifest signs and stores the manifest, or reads it.
	Manifest = "manifest"
	// Sample reads contents that were proven before.
	Sample = "sample"
	// Listing compares the bucket's listing with the catalogue.
	Listing = "listing"
)

// Tell is told the phase and how much of it is done: bytes that were read, and
// files that are dealt with. It is called by one goroutine at a time.
type Tell func(phase string, bytes, files int64)

// Meter adds up the bytes and files of one phase after the other. It is safe for
// concurrent use.
type Meter struct {
	tell Tell

	mu           sync.Mutex
	phase        string // owned by mu, as all below
	bytes, files int64
}

// New makes a meter; tell may be nil.
func New(tell Tell) *Meter {
	if tell == nil {
		tell = func(string, int64, int64) {}
	}

	return &Meter{tell: tell}
}

// Begin begins a phase, in which nothing is done yet.
func (m *Meter) Begin(phase string) {
	m.mu.Lock()
	defer m.mu.Unlock()

	m.phase, m.bytes, m.files = phase, 0, 0
	m.tell(m.phase, m.bytes, m.files)
}

// Add adds what was done in the phase at work.
func (m *Meter) Add(bytes, files int64) {
	m.mu.Lock()
	defer m.mu.Unlock()

	m.bytes += bytes
	m.files += files
	m.tell(m.phase, m.bytes, m.files)
}

// Writer adds what passes through it to w.
func (m *Meter) Writer(w io.Writer) io.Writer { return &metered{to: w, meter: m} }

type metered struct {
	to    io.Writer
	meter *Meter
}

// Write implements io.Writer.
func (m *metered) Write(p []byte) (int, error) {
	n, err := m.to.Write(p)
	m.meter.Add(int64(n), 0)

	return n, err
}

// Object gives what a sealed.Reader tells the bytes of one object to, which it
// counts from its beginning.
func (m *Meter) Object() func(what string, bytes int64) {
	var before int64

	return func(_ string, bytes int64) {
		m.Add(bytes-before, 0)
		before = bytes
	}
}
