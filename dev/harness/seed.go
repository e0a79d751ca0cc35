package harness

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"steward/internal/faults"
)

// Seed says which of all random runs this one is. Its text form is a number, or,
// for one point of the Nth-call loop alone, "number/mode/N".
type Seed struct {
	// Number picks the slice of the points and everything random.
	Number uint64
	// Mode and N are those of the one point to repeat; N is 0 for a whole run.
	Mode faults.Mode
	N    int
}

// String is what make replay takes as SEED.
func (s Seed) String() string {
	if s.N == 0 {
		return strconv.FormatUint(s.Number, 10)
	}
	return fmt.Sprintf("%d/%s/%d", s.Number, s.Mode, s.N)
}

// At is the seed that repeats one point.
func (s Seed) At(mode faults.Mode, n int) Seed { return Seed{Number: s.Number, Mode: mode, N: n} }

// seedParts are the parts of a seed that names one point.
const seedParts = 3

// ParseSeed reads the text form.
func ParseSeed(text string) (Seed, error) {
	parts := strings.Split(text, "/")
	number, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil {
		return Seed{}, fmt.Errorf("reading the seed: %w", err)
	}
	if len(parts) != seedParts {
		return Seed{Number: number}, nil
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil {
		return Seed{}, fmt.Errorf("reading the point of the seed: %w", err)
	}
	return Seed{Number: number, Mode: faults.Mode(parts[1]), N: n}, nil
}

// seedVariable is what make replay and make soak set.
const seedVariable = "STEWARD_SEED"

//nolint:gochecknoglobals // one seed for one test process
var processSeed = sync.OnceValue(func() Seed {
	if seed, err := ParseSeed(os.Getenv(seedVariable)); err == nil {
		return seed
	}
	var raw [8]byte
	// It never fails: it ends the program rather than return weak bytes.
	rand.Read(raw[:])
	const short = 1_000_000
	return Seed{Number: binary.LittleEndian.Uint64(raw[:]) % short}
})

// TestSeed is the seed of this test process: that of STEWARD_SEED, else a random
// one. A failing test prints it.
func TestSeed() Seed { return processSeed() }

// Commit names what is tested.
func Commit() string { return shared.commit }

// Soak reports whether the full counts are wanted.
func Soak() bool { return os.Getenv("STEWARD_SOAK") != "" }
