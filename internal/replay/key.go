package replay

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"filippo.io/age"

	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/keys"
)

// The purposes that keys are derived for. Neither can stand for the other.
const (
	forIdentities = "steward replay identities v1"
	forRecords    = "steward replay records v1"
)

// Key is the replay key: an age identity that seals and opens records, and from which the
// keys of their HMACs are derived. It may hold older identities too, which only open.
type Key struct {
	current *age.X25519Identity
	all     map[string]*age.X25519Identity // by recipient
}

// ReadKey reads the replay key out of a folder of keys. It fails with ConfigInvalid, as keys.Read does.
func ReadKey(dir string) (*Key, error) {
	content, err := keys.Read(dir, keys.ReplayIdentity)
	if err != nil {
		return nil, err
	}

	return ParseKey(content)
}

// ParseKey reads X25519 identities as age-keygen writes them: the first seals, all of them open.
// It fails with ConfigInvalid and never repeats what it read.
func ParseKey(text []byte) (*Key, error) {
	refused := failure.New(failure.ConfigInvalid, "reading "+keys.ReplayIdentity+" (it holds no age identities)")

	identities, err := age.ParseIdentities(strings.NewReader(string(text)))
	if err != nil {
		return nil, refused
	}

	key := &Key{all: map[string]*age.X25519Identity{}}

	for _, each := range identities {
		identity, ok := each.(*age.X25519Identity)
		if !ok {
			return nil, refused
		}

		if key.current == nil {
			key.current = identity
		}

		key.all[identity.Recipient().String()] = identity
	}

	return key, nil
}

// Name is the current identity's recipient, which is public.
func (k *Key) Name() string { return k.current.Recipient().String() }

// identities are all of them, for opening.
func (k *Key) identities() []age.Identity {
	all := make([]age.Identity, 0, len(k.all))
	for _, each := range k.all {
		all = append(all, each)
	}

	return all
}

// derived is the key of one purpose below the named identity.
func (k *Key) derived(name, purpose string) ([]byte, error) {
	identity, held := k.all[name]
	if !held {
		return nil, invalid("it is of a replay key that is not held here")
	}

	derived, err := hkdf.Key(sha256.New, []byte(identity.String()), nil, purpose, sha256.Size)

	return derived, failure.Wrap(failure.Internal, "deriving a key from the replay key", err)
}

// Matcher hashes identities as the records of one replay key have them.
type Matcher struct{ key []byte }

// Matcher gives the one of the named replay key; the current one's is Matcher(k.Name()). It fails with
// ReplayInvalid where the key is not held.
func (k *Key) Matcher(name string) (Matcher, error) {
	derived, err := k.derived(name, forIdentities)

	return Matcher{key: derived}, err
}

// Hash is HMAC-SHA-256, in hex, of a typed identity in the form in which it is compared.
func (m Matcher) Hash(kind, value string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(kind + "\x00" + datamap.Identity(kind).Comparable(value)))

	return hex.EncodeToString(mac.Sum(nil))
}
