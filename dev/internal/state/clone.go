package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// tagBytes of the hash tell two clones on one machine apart.
const tagBytes = 6

// Tag is a short name for the clone, made from its path: the same on every run,
// another one in every clone.
func (d Dir) Tag() string {
	sum := sha256.Sum256([]byte(d.clone))
	return hex.EncodeToString(sum[:tagBytes])
}

// isClone tells whether dir holds the product module.
func isClone(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return string(bytes.TrimSpace(first)) == "module steward"
}
