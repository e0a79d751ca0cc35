package policy

import (
	"errors"
	"fmt"
	"time"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/calendar"
)

func bucketKind() kind[string] {
	return patternKind("the name of a bucket, such as popkit-backups (3 to 63 of a-z, 0-9, - and _)", `[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]`)
}

func kmsKeyKind() kind[string] {
	return patternKind("the full name of a key, such as projects/popkit/locations/eu/keyRings/steward/cryptoKeys/backups",
		`projects/[a-z0-9.:-]{1,63}/locations/[a-z0-9-]{1,30}/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}`)
}

func prefixKind() kind[string] {
	return patternKind("the beginning of object names, such as uploads/ (1 to 200 of A-Z, a-z, 0-9 and ._/=-)", `[A-Za-z0-9._/=-]{1,200}`)
}

func nameKind() kind[string] {
	// The catalogue and the ledger hold this name, and hold no other shape.
	return patternKind("a short name, such as app or app_eu (a-z and 0-9, words joined by one _)", `[a-z][a-z0-9]{0,15}(_[a-z0-9]{1,11}){0,2}`)
}

func variableKind() kind[string] {
	return patternKind("the name of an environment variable, such as HEARTBEAT_BACKUPS; the URL stands in it, not here",
		`[A-Z][A-Z0-9_]{0,99}`)
}

func durationKind() kind[calendar.Duration] {
	return kind[calendar.Duration]{
		Form: "a duration with its unit, such as 30min, 2h, 7d, 1mo or 2y", Unquoted: ast.IntegerType,
		Parse: func(text string) (calendar.Duration, error) {
			d, err := calendar.ParseDuration(text)
			if err == nil && d.IsZero() {
				return d, errors.New("the duration must be longer than nothing")
			}
			return d, err
		},
	}
}

func exactKind() kind[calendar.Duration] {
	inner := durationKind()
	return kind[calendar.Duration]{
		Form: "an exact duration in min, h or d, such as 30min, 2h or 7d", Unquoted: ast.IntegerType,
		Parse: func(text string) (calendar.Duration, error) {
			d, err := inner.Parse(text)
			if _, exact := d.Exact(); err == nil && !exact {
				return d, fmt.Errorf("%q has no exact length, and an exact one is needed here", text)
			}
			return d, err
		},
	}
}

func timeKind() kind[calendar.TimeOfDay] {
	return kind[calendar.TimeOfDay]{Form: "a time of day in UTC, such as \"02:30\"", Parse: calendar.ParseTimeOfDay}
}

func zoneKind() kind[*time.Location] {
	return kind[*time.Location]{Form: "a zone of the IANA database, such as Europe/Paris", Parse: func(text string) (*time.Location, error) {
		loc, err := time.LoadLocation(text)
		if err != nil || text == "" || text == "Local" {
			return nil, fmt.Errorf("the zone %q is not known", masked(text))
		}
		return loc, nil
	}}
}

func verifierKind() kind[string] {
	return kind[string]{Form: "a public key of signed notes, name+hash+key", Parse: func(text string) (string, error) {
		if _, err := note.NewVerifier(text); err != nil {
			return "", errors.New("it is not a public key of signed notes (its name, its hash and its key must agree)")
		}
		return text, nil
	}}
}
