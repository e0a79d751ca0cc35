package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/calendar"
)

// kind is a type of value: what it looks like and how it is read.
type kind[V any] struct {
	// form completes "write ..." and "it must be ...".
	form string
	// unquoted is the one YAML type other than text that is accepted.
	unquoted ast.NodeType
	// parse reads the text, or says what is wrong with it.
	parse func(text string) (V, error)
}

// accepts reports whether the node has a YAML type that the kind can be.
func (k kind[V]) accepts(node ast.Node) bool {
	return node.Type() == ast.StringType || node.Type() == k.unquoted
}

// scalar returns the text of a plain value. Literals over several lines,
// anchors, aliases and tags are not plain: a policy does without them.
func scalar(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	default:
		return "", false
	}
}

// kindOf names the YAML type of a node for people.
func kindOf(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType:
		return "a section"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.StringType:
		return "text"
	default:
		return "an anchor, alias, tag or text of several lines"
	}
}

// maxText bounds every text of the policy: they are names, not prose.
const maxText = 200

func textKind() kind[string] {
	return kind[string]{form: "text in quotes", parse: func(text string) (string, error) {
		if strings.TrimSpace(text) == "" || len(text) > maxText {
			return "", fmt.Errorf("the text must have 1 to %d bytes", maxText)
		}
		// A name stands in headers and subjects of mails, where a line break begins another.
		if strings.ContainsFunc(text, unicode.IsControl) {
			return "", errors.New("the text must be one line, without control characters")
		}
		return text, nil
	}}
}

func patternKind(form, pattern string) kind[string] {
	expression := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return kind[string]{form: form, parse: func(text string) (string, error) {
		if !expression.MatchString(text) {
			return "", fmt.Errorf("%q cannot stand here", masked(text))
		}
		return text, nil
	}}
}

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

func boolKind() kind[bool] {
	return kind[bool]{form: "true or false", unquoted: ast.BoolType, parse: func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, fmt.Errorf("%q is neither true nor false", masked(text))
		}
		return text == "true", nil
	}}
}

func versionKind() kind[int] {
	return kind[int]{form: "1, the version of this format", unquoted: ast.IntegerType, parse: func(text string) (int, error) {
		if text != "1" {
			return 0, fmt.Errorf("version %q is not known to this Steward", masked(text))
		}
		return 1, nil
	}}
}

func choiceKind[V ~string](choices ...V) kind[V] {
	var words []string
	for _, choice := range choices {
		words = append(words, string(choice))
	}
	form := strings.Join(words, " or ")
	return kind[V]{form: form, parse: func(text string) (V, error) {
		if !slices.Contains(words, text) {
			return "", fmt.Errorf("%q cannot stand here", masked(text))
		}
		return V(text), nil
	}}
}

func durationKind() kind[calendar.Duration] {
	return kind[calendar.Duration]{
		form: "a duration with its unit, such as 30min, 2h, 7d, 1mo or 2y", unquoted: ast.IntegerType,
		parse: func(text string) (calendar.Duration, error) {
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
		form: "an exact duration in min, h or d, such as 30min, 2h or 7d", unquoted: ast.IntegerType,
		parse: func(text string) (calendar.Duration, error) {
			d, err := inner.parse(text)
			if _, exact := d.Exact(); err == nil && !exact {
				return d, fmt.Errorf("%q has no exact length, and an exact one is needed here", text)
			}
			return d, err
		},
	}
}

func timeKind() kind[calendar.TimeOfDay] {
	return kind[calendar.TimeOfDay]{form: "a time of day in UTC, such as \"02:30\"", parse: calendar.ParseTimeOfDay}
}

func zoneKind() kind[*time.Location] {
	return kind[*time.Location]{form: "a zone of the IANA database, such as Europe/Paris", parse: func(text string) (*time.Location, error) {
		loc, err := time.LoadLocation(text)
		if err != nil || text == "" || text == "Local" {
			return nil, fmt.Errorf("the zone %q is not known", masked(text))
		}
		return loc, nil
	}}
}

func verifierKind() kind[string] {
	return kind[string]{form: "a public key of signed notes, name+hash+key", parse: func(text string) (string, error) {
		if _, err := note.NewVerifier(text); err != nil {
			return "", errors.New("it is not a public key of signed notes (its name, its hash and its key must agree)")
		}
		return text, nil
	}}
}
