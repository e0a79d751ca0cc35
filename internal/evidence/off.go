package evidence

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/promise"
)

// ReadOff reads when the dev machine was off: one JSON object {"from","to"} with
// RFC 3339 times on each line. No path and a missing file are a machine that was
// never off. A last line that a crash cut short is left out: what is not known
// excuses nothing. Any other line that makes no sense is EvidenceMissing.
func ReadOff(path string) ([]promise.Interval, error) {
	if path == "" {
		return nil, nil
	}

	text, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}

	if err != nil {
		return nil, failure.Wrap(failure.EvidenceMissing, "reading when the machine was off", err)
	}

	var off []promise.Interval

	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break
		}

		interval, err := parseOff(line)
		if err != nil {
			return nil, failure.Wrap(failure.EvidenceMissing, "reading when the machine was off", err)
		}

		off = append(off, interval)
	}

	return off, nil
}

func parseOff(line string) (promise.Interval, error) {
	var interval struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	}

	if err := json.Unmarshal([]byte(line), &interval); err != nil {
		return promise.Interval{}, failure.Wrap(failure.EvidenceMissing, "reading a line", err)
	}

	if interval.From.IsZero() || interval.To.IsZero() {
		return promise.Interval{}, failure.New(failure.EvidenceMissing, "reading a line without both times")
	}

	return promise.Interval{From: interval.From.UTC(), To: interval.To.UTC()}, nil
}
