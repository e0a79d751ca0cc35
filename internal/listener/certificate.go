package listener

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
)

// lookEvery is how often the files are looked at, at most: whoever renews a
// certificate does it days before it ends.
const lookEvery = 10 * time.Second

// certificate is a pair of files that is read again when they change. While the new
// ones cannot be read, the old ones serve: half-written files must not close the door.
type certificate struct {
	chain, key string
	clock      clocks.Clock

	mu      sync.Mutex
	current *tls.Certificate // owned by mu
	read    stamp            // owned by mu: what current was read from
	looked  time.Time        // owned by mu
}

// stamp tells one state of the files from another.
type stamp struct {
	chainAt, keyAt     time.Time
	chainSize, keySize int64
}

// openCertificate reads the files; it fails with ConfigInvalid.
func openCertificate(chain, key string, clock clocks.Clock) (*certificate, error) {
	made := &certificate{chain: chain, key: key, clock: clock}

	at, err := made.stamp()
	if err == nil {
		err = made.load(at)
	}

	made.looked = clock.Now()

	return made, failure.Wrap(failure.ConfigInvalid, "reading STEWARD_API_TLS_CERT and STEWARD_API_TLS_KEY", err)
}

// get is the GetCertificate of crypto/tls.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()

	if now := c.clock.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		c.refresh()
	}

	return c.current, nil
}

// refresh reads the files if they changed. The caller holds mu.
func (c *certificate) refresh() {
	at, err := c.stamp()
	if err != nil || at == c.read {
		return
	}

	// Files that do not fit each other yet are read again at the next look.
	_ = c.load(at) //nolint:errcheck // as said
}

func (c *certificate) load(at stamp) error {
	pair, err := tls.LoadX509KeyPair(c.chain, c.key)
	if err != nil {
		return failure.Wrap(failure.ConfigInvalid, "reading the certificate", err)
	}

	c.current, c.read = &pair, at

	return nil
}

func (c *certificate) stamp() (stamp, error) {
	chain, err := os.Stat(c.chain)
	if err != nil {
		return stamp{}, failure.Wrap(failure.ConfigInvalid, "looking at the certificate", err)
	}

	key, err := os.Stat(c.key)
	if err != nil {
		return stamp{}, failure.Wrap(failure.ConfigInvalid, "looking at the certificate's key", err)
	}

	return stamp{chainAt: chain.ModTime(), keyAt: key.ModTime(), chainSize: chain.Size(), keySize: key.Size()}, nil
}
