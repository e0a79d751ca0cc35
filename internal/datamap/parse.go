package datamap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"

	"steward/internal/strictyaml"
)

// Problems is the error of a data map that cannot be used: every problem with its line, its
// column and what to do.
type Problems = strictyaml.Problems //nolint:errname // a list of problems is what it is, and reads so in errors.As

// maxBytes bounds a data map: a thousand tables of forty columns are about a megabyte.
const maxBytes = 8 << 20

// format is what is read. The names of columns may well be those of secrets, so only what is one
// by itself is refused, and only a very long word is hidden in an error.
func format() strictyaml.Format {
	return strictyaml.Format{
		What: "data map", Manual: "docs/datamap.md", MaxBytes: maxBytes,
		Secrets: strictyaml.Secrets{
			Marks:   regexp.MustCompile(`AGE-(SECRET|PLUGIN)-|PRIVATE[+ _-]KEY-|://[^/\s]*:[^/\s]*@`),
			LongRun: regexp.MustCompile(`\S{300,}`),
		},
	}
}

// Load reads the data map at path. It returns *Problems for one that cannot be used, and an
// error of the file system where the file cannot be read.
func Load(path string) (*Map, error) {
	src, err := os.ReadFile(path) //nolint:gosec // the path comes from the operator (STEWARD_DATAMAP)
	if err != nil {
		return nil, fmt.Errorf("reading the data map: %w", err)
	}

	return Parse(path, src)
}

// Parse reads a data map. name is the name of the file, for errors. The only error is
// *Problems, with everything that is wrong in the file itself; what the live schema says to it
// is told by Check.
func Parse(name string, src []byte) (*Map, error) {
	var read file

	r := strictyaml.Read(format(), src, fileShape(), &read)
	if r.Began() {
		judge(r, &read)
	}

	if err := r.Err(name); err != nil {
		return nil, err
	}

	sum := sha256.Sum256([]byte(strings.Join(r.Canonical(), "\n") + "\n"))

	return &Map{SHA256: hex.EncodeToString(sum[:]), Databases: read.databases()}, nil
}
