package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"steward/dev/internal/devkeys"
)

var (
	errCut       = errors.New("it is cut")
	errSignature = errors.New("its signature is over other content")
)

// ageHead is how every encrypted object begins.
const ageHead = "age-encryption.org/v1\n"

// readArchive decrypts an object with the drill's and with the escrow's identity,
// unpacks it to its end and looks what it is. It gives the reason why it is no
// good, "" if it is. The error is for what could not be looked at.
func (w *World) readArchive(ctx context.Context, kind string, content []byte) (string, error) {
	if !bytes.HasPrefix(content, []byte(ageHead)) {
		return "it is not encrypted", nil
	}
	var plain []byte
	for _, holder := range []string{devkeys.Drill, devkeys.Escrow} {
		identities, err := w.identities(holder)
		if err != nil {
			return "", err
		}
		opened, err := open(content, identities)
		if err != nil {
			return fmt.Sprintf("%s cannot read it: %v", holder, err), nil
		}
		plain = opened
	}
	if kind == "globals" {
		if !bytes.Contains(plain, []byte("CREATE ROLE ")) || !bytes.Contains(plain, []byte("-- PostgreSQL database cluster dump complete")) {
			return "it is no whole dump of roles", nil
		}
		return "", nil
	}
	list := exec.CommandContext(ctx, filepath.Join(shared.bin, "pg_restore"), "--list")
	list.Stdin = bytes.NewReader(plain)
	out, err := list.Output()
	if err != nil || !bytes.Contains(out, []byte("TABLE DATA")) {
		return fmt.Sprintf("pg_restore cannot list it: %v", err), nil
	}
	// The list is at the archive's head; only a restore to nowhere reads its end.
	load := exec.CommandContext(ctx, filepath.Join(shared.bin, "pg_restore"), "--exit-on-error", "--file=/dev/null")
	load.Stdin = bytes.NewReader(plain)
	if err := load.Run(); err != nil {
		return fmt.Sprintf("pg_restore cannot read it to its end: %v", err), nil
	}
	return "", nil
}

func (w *World) identities(holder string) ([]age.Identity, error) {
	text, err := os.ReadFile(filepath.Join(w.Dir, "keys", holder, "backup.identity"))
	if err != nil {
		return nil, fmt.Errorf("reading the identity of %s: %w", holder, err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("reading the identity of %s: %w", holder, err)
	}
	return identities, nil
}

// open decrypts and unpacks to the end: age and zstd each notice a cut.
func open(content []byte, identities []age.Identity) ([]byte, error) {
	opened, err := age.Decrypt(bytes.NewReader(content), identities...)
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	packed, err := io.ReadAll(opened)
	if err != nil {
		return nil, fmt.Errorf("decrypting to the end: %w", err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	defer decoder.Close()
	plain, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	return plain, nil
}
