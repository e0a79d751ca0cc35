package listener

import (
	"context"
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

// Reload is what a look at the files of the certificate found, where it read them.
type Reload struct {
	// NotAfter is when the certificate ends that is in use now.
	NotAfter time.Time
	// Err is why the files could not be read, with ConfigInvalid; nil when they were.
	// The certificate of before is in use then.
	Err error
	// Again says that the look before failed too.
	Again bool
}

// certificate is a pair of files that is read again when they change. While the new
// ones cannot be read, the old ones serve: half-written files must not close the door.
type certificate struct {
	chain, key string
	clock      clocks.Clock
	tell       func(Reload) // called by whoever holds mu

	mu      sync.Mutex
	current *tls.Certificate // owned by mu
	read    stamp            // owned by mu: what current was read from
	looked  time.Time        // owned by mu
	failed  bool             // owned by mu: the newest look could not read the files
}

// stamp tells one state of the files from another.
type stamp struct {
	chainAt, keyAt     time.Time
	chainSize, keySize int64
}

// openCertificate reads the files; it fails with ConfigInvalid. From then on tell, if
// not nil, is told of each look that read them or could not.
func openCertificate(chain, key string, clock clocks.Clock, tell func(Reload)) (*certificate, error) {
	if tell == nil {
		tell = func(Reload) {}
	}

	made := &certificate{chain: chain, key: key, clock: clock, tell: tell}

	at, err := made.stamp()
	if err == nil {
		err = made.load(at)
	}

	made.looked = clock.Now()

	if err == nil {
		tell(Reload{NotAfter: made.current.Leaf.NotAfter})
	}

	return made, failure.Wrap(failure.ConfigInvalid, "reading STEWARD_API_TLS_CERT and STEWARD_API_TLS_KEY", err)
}

// watch looks at the files until ctx ends, also while nobody calls: what is wrong with
// them is told before the certificate in use has ended.
func (c *certificate) watch(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.look()
		}
	}
}

// get is the GetCertificate of crypto/tls.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.look(), nil }

// look gives the certificate in use, after a look at the files if it is time for one.
func (c *certificate) look() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()

	if now := c.clock.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		c.refresh()
	}

	return c.current
}

// refresh reads the files if they changed, and tells how that went. Files that are not
// there or do not fit each other yet are read again at the next look. The caller holds
// mu.
func (c *certificate) refresh() {
	at, err := c.stamp()
	if err == nil && at == c.read && !c.failed {
		return
	}

	// Files that are back as they were are read again too, so that what failed is over.
	if err == nil {
		err = c.load(at)
	}

	again := c.failed && err != nil
	c.failed = err != nil
	c.tell(Reload{NotAfter: c.current.Leaf.NotAfter, Err: err, Again: again})
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
