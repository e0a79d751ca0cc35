// Package archive turns a stream into what lies in the bucket and back: zstd,
// then age to several recipients. Nothing of it touches a disk, and memory
// does not grow with the data.
package archive

import (
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"github.com/klauspost/compress/zstd"

	"steward/internal/failure"
	"steward/internal/keys"
)

const (
	// window is how far back the encoder looks for what repeats. A dump repeats
	// itself nearby: on business data 1 MiB compresses as well as the 4 MiB that are
	// the default of this level, takes a fifth less of the processor, since it stays
	// in the cache, and 6 MiB less memory (docs/decisions.md).
	window = 1 << 20
	// maxWindow bounds the memory that decompressing may take, so that a bomb is
	// refused. Every window that an archive of ours ever had is far below it.
	maxWindow = 64 << 20
)

// Recipients reads public keys: "age1…", or "ssh-rsa …" of 2048 bits or more.
// It fails with PolicyInvalid.
func Recipients(wanted []string) ([]age.Recipient, error) {
	recipients := make([]age.Recipient, 0, len(wanted))

	for i, key := range wanted {
		recipient, err := recipient(key)
		if err != nil {
			return nil, failure.Wrap(failure.PolicyInvalid, fmt.Sprintf("reading recipient %d", i+1), err)
		}

		recipients = append(recipients, recipient)
	}

	if len(recipients) == 0 {
		return nil, failure.New(failure.PolicyInvalid, "reading the recipients (there is none)")
	}

	return recipients, nil
}

func recipient(key string) (age.Recipient, error) {
	key = strings.TrimSpace(key)

	if !strings.HasPrefix(key, "ssh-rsa ") {
		return age.ParseX25519Recipient(key) //nolint:wrapcheck // wrapped by Recipients
	}

	// ssh-rsa keys of fewer than 2048 bits are refused there.
	return agessh.ParseRecipient(key) //nolint:wrapcheck // wrapped by Recipients
}

// IdentitiesIn reads the identities that decrypt out of a folder of keys. It fails with
// ConfigInvalid, as keys.Read does.
func IdentitiesIn(dir string) ([]age.Identity, error) {
	content, err := keys.Read(dir, keys.BackupIdentity)
	if err != nil {
		return nil, err
	}

	return Identities(content)
}

// Identities reads private keys as age-keygen writes them, or one PEM file of
// an SSH key. It fails with ConfigInvalid and never repeats what it read.
func Identities(text []byte) ([]age.Identity, error) {
	if strings.HasPrefix(string(text), "-----BEGIN") {
		identity, err := agessh.ParseIdentity(text)
		if err != nil {
			return nil, failure.New(failure.ConfigInvalid, "reading an SSH identity")
		}

		return []age.Identity{identity}, nil
	}

	identities, err := age.ParseIdentities(strings.NewReader(string(text)))
	if err != nil {
		return nil, failure.New(failure.ConfigInvalid, "reading the identities")
	}

	return identities, nil
}

// Writer compresses and encrypts what is written to it.
type Writer struct {
	sealed io.WriteCloser
	packed *zstd.Encoder
}

// NewWriter starts an archive on w. The archive is whole only after Close
// returned nil.
func NewWriter(w io.Writer, recipients []age.Recipient) (*Writer, error) {
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return nil, fmt.Errorf("starting the encryption: %w", err)
	}

	packed, err := zstd.NewWriter(sealed,
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	if err != nil {
		return nil, fmt.Errorf("starting the compression: %w", err)
	}

	return &Writer{sealed: sealed, packed: packed}, nil
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.packed.Write(p)
	if err != nil {
		return n, fmt.Errorf("writing the archive: %w", err)
	}

	return n, nil
}

// Close ends the archive; without it a reader finds it cut. It does not close
// what lies below.
func (w *Writer) Close() error {
	if err := w.packed.Close(); err != nil {
		return fmt.Errorf("ending the compression: %w", err)
	}

	if err := w.sealed.Close(); err != nil {
		return fmt.Errorf("ending the encryption: %w", err)
	}

	return nil
}

// Reader decrypts and decompresses an archive.
type Reader struct{ packed *zstd.Decoder }

// NewReader opens an archive. It fails with DecryptFailed if no identity fits.
// What Read gave is authentic but may be cut: only io.EOF says that it is all.
func NewReader(r io.Reader, identities []age.Identity) (*Reader, error) {
	opened, err := age.Decrypt(r, identities...)
	if err != nil {
		return nil, failure.Wrap(failure.DecryptFailed, "opening the archive", err)
	}

	packed, err := zstd.NewReader(opened, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, failure.Wrap(failure.ArchiveInvalid, "opening the archive", err)
	}

	return &Reader{packed: packed}, nil
}

// Read implements io.Reader; damage fails with ArchiveInvalid.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.packed.Read(p)
	if err == nil || err == io.EOF { //nolint:errorlint // readers must return io.EOF itself
		return n, err //nolint:wrapcheck // as above
	}

	return n, failure.Wrap(failure.ArchiveInvalid, "reading the archive", err)
}

// Close lets the decoder go.
func (r *Reader) Close() error {
	r.packed.Close()

	return nil
}
