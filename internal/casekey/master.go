package casekey

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"steward/internal/failure"
	"steward/internal/keys"
)

// Wrapped is the key of a case as the database holds it.
type Wrapped struct {
	// Master names the master key that wrapped it.
	Master string
	// Bytes are of no use without that key.
	Bytes []byte
}

// Master is the key that wraps the keys of cases. A service such as Cloud KMS can
// stand behind it: each call is one request of it, and the key never leaves the
// service. Implementations are safe for concurrent use.
type Master interface {
	// Current names the key that Wrap uses now.
	Current() string
	// Wrap encrypts plain, bound to the given bytes, with the current key.
	Wrap(ctx context.Context, plain, bound []byte) (Wrapped, error)
	// Unwrap gives back what Wrap was given, also where it was wrapped by an older
	// key that is still held. It fails where the key is not held, where anything was
	// changed, and where the bytes that it was bound to differ.
	Unwrap(ctx context.Context, wrapped Wrapped, bound []byte) ([]byte, error)
}

// MasterFile is the name of the file with master keys in STEWARD_KEYS_DIR.
const MasterFile = "master.key"

// masterPrefix begins each line of that file, so that a scanner for secrets finds
// one that went astray.
const masterPrefix = "steward-master-1:"

// FileMaster are master keys that lie in a file: the first one wraps, all of them
// unwrap. It is a Master.
type FileMaster struct {
	names   []string // in the order of the file
	ciphers map[string]*subtle.XChaCha20Poly1305
}

// GenerateMaster makes the line of a new master key.
func GenerateMaster() string {
	var plain [keyBytes]byte
	// rand.Read never fails: it ends the program rather than return weak bytes.
	rand.Read(plain[:])

	return masterPrefix + base64.RawStdEncoding.EncodeToString(plain[:])
}

// ReadMaster reads the file of a keys folder. It fails with ConfigInvalid where it
// is missing, where others may read it, and where a line is no master key.
func ReadMaster(dir string) (*FileMaster, error) {
	content, err := keys.Read(dir, MasterFile)
	if err != nil {
		return nil, err
	}

	return ParseMaster(content)
}

// ParseMaster reads the lines of such a file: the newest key first, empty lines left
// out. It fails with ConfigInvalid.
func ParseMaster(content []byte) (*FileMaster, error) {
	master := &FileMaster{ciphers: map[string]*subtle.XChaCha20Poly1305{}}

	for line := range bytes.Lines(content) {
		text := strings.TrimSpace(string(line))
		if text == "" {
			continue
		}

		encoded, ok := strings.CutPrefix(text, masterPrefix)

		plain, err := base64.RawStdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(plain) != keyBytes {
			return nil, failure.New(failure.ConfigInvalid, "reading "+MasterFile+" in STEWARD_KEYS_DIR (a line is no master key)")
		}

		cipher, err := subtle.NewXChaCha20Poly1305(plain)
		if err != nil {
			return nil, failure.Wrap(failure.ConfigInvalid, "reading "+MasterFile+" in STEWARD_KEYS_DIR", err)
		}

		name := masterName(plain)
		master.names, master.ciphers[name] = append(master.names, name), cipher
	}

	if len(master.names) == 0 {
		return nil, failure.New(failure.ConfigInvalid, "reading "+MasterFile+" in STEWARD_KEYS_DIR (it holds no key)")
	}

	return master, nil
}

// masterNameBytes tell a handful of keys apart; they are no secret and give none away.
const masterNameBytes = 8

func masterName(plain []byte) string {
	sum := sha256.Sum256(append([]byte("steward master key name v1\x00"), plain...))

	return "file-" + hex.EncodeToString(sum[:masterNameBytes])
}

// Current implements Master.
func (m *FileMaster) Current() string { return m.names[0] }

// Wrap implements Master.
func (m *FileMaster) Wrap(_ context.Context, plain, bound []byte) (Wrapped, error) {
	sealed, err := m.ciphers[m.names[0]].Encrypt(plain, bound)

	return Wrapped{Master: m.names[0], Bytes: sealed}, failure.Wrap(failure.CaseKeyWrong, "wrapping with the master key", err)
}

// Unwrap implements Master. It fails with CaseKeyWrong.
func (m *FileMaster) Unwrap(_ context.Context, wrapped Wrapped, bound []byte) ([]byte, error) {
	cipher, held := m.ciphers[wrapped.Master]
	if !held {
		return nil, failure.New(failure.CaseKeyWrong, "unwrapping with a master key that is not in "+MasterFile)
	}

	plain, err := cipher.Decrypt(wrapped.Bytes, bound)

	return plain, failure.Wrap(failure.CaseKeyWrong, "unwrapping with the master key", err)
}
