// Package strictjson refuses JSON that two readers could understand differently, or
// that a database cannot hold: what one of them checks, the other must not do.
//
// It refuses invalid UTF-8, a name twice in one object (also when only the case
// differs), lone surrogates, NUL characters, null, numbers that no float64 holds,
// deep nesting, and anything after the value.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep values may nest; no operation's body is deeper than five.
const maxDepth = 16

// Error says what is wrong; never with a value of the document.
type Error struct{ reason string }

// Error is the reason, in fixed words.
func (e *Error) Error() string { return e.reason }

func refuse(reason string) error { return &Error{reason: reason} }

// Unmarshal reads data into v, as json.Unmarshal does, after it has passed Check. It
// fails with *Error, whose text is fixed.
func Unmarshal(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}

	return Decode(data, v)
}

// Decode reads data that has passed Check already. It fails with *Error.
func Decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}

	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return refuse("expected another type: " + wrong.Type.Kind().String())
	}

	return refuse("it is not what the document says")
}

// Check says what is wrong with data; nil if nothing is. It fails with *Error.
func Check(data []byte) error {
	if !utf8.Valid(data) {
		return refuse("it is not UTF-8")
	}

	if err := checkEscapes(data); err != nil {
		return err
	}

	reader := json.NewDecoder(bytes.NewReader(data))
	reader.UseNumber()

	w := walker{reader: reader}
	if err := w.value(0); err != nil {
		return err
	}

	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return refuse("something follows the value")
	}

	return nil
}

// walker reads one document token by token.
type walker struct{ reader *json.Decoder }

func (w walker) value(depth int) error {
	token, err := w.reader.Token()
	if err != nil {
		return refuse("it is not JSON")
	}

	switch token := token.(type) {
	case nil:
		return refuse("null is not taken: leave the member out")
	case json.Number:
		if _, err := token.Float64(); err != nil {
			return refuse("a number is too large")
		}
	case json.Delim:
		if depth >= maxDepth {
			return refuse("it is nested too deep")
		}

		if token == '{' {
			return w.object(depth)
		}

		return w.array(depth)
	}

	return nil
}

func (w walker) object(depth int) error {
	var seen names

	for w.reader.More() {
		token, err := w.reader.Token()
		if err != nil {
			return refuse("it is not JSON")
		}

		name, ok := token.(string)
		if !ok {
			return refuse("it is not JSON")
		}

		if !seen.add(name) {
			return refuse("a name stands twice in one object")
		}

		if err := w.value(depth + 1); err != nil {
			return err
		}
	}

	return w.end()
}

func (w walker) array(depth int) error {
	for w.reader.More() {
		if err := w.value(depth + 1); err != nil {
			return err
		}
	}

	return w.end()
}

func (w walker) end() error {
	if _, err := w.reader.Token(); err != nil {
		return refuse("it is not JSON")
	}

	return nil
}

// names are those of one object. Most objects have few: they are compared one by
// one, and only many need a map.
type names struct {
	few  []string
	many map[string]bool
}

// fewNames is how many names are compared one by one.
const fewNames = 8

// add reports whether the name is new. encoding/json takes names that differ in case
// for the same, so they are the same here.
func (n *names) add(name string) bool {
	if n.many == nil && len(n.few) < fewNames {
		for _, other := range n.few {
			if strings.EqualFold(other, name) {
				return false
			}
		}

		n.few = append(n.few, name)

		return true
	}

	if n.many == nil {
		n.many = map[string]bool{}
		for _, other := range n.few {
			n.many[fold(other)] = true
		}
	}

	name = fold(name)
	if n.many[name] {
		return false
	}

	n.many[name] = true

	return true
}

// fold makes names that strings.EqualFold takes for equal the same, for those that
// matter: an operation's names are ASCII, and the two letters outside of ASCII that
// fold into it are the long s and the Kelvin sign.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// checkEscapes finds what utf8.Valid cannot see, since it is spelled out: surrogates
// that are no pair, and NUL, which PostgreSQL has no place for.
func checkEscapes(data []byte) error {
	for at := 0; at < len(data); {
		next := bytes.IndexByte(data[at:], '\\')
		if next < 0 {
			return nil
		}

		at += next

		width, err := escape(data[at:])
		if err != nil {
			return err
		}

		at += width
	}

	return nil
}

const (
	escapeWidth = len(`\u0000`)
	otherWidth  = len(`\n`)
)

// escape reads one escape at the beginning of data, and tells how wide it is. What is
// malformed is left to the reader of JSON.
func escape(data []byte) (int, error) {
	first, ok := unit(data)
	if !ok {
		return min(otherWidth, len(data)), nil
	}

	const (
		highBegin, lowBegin, surrogatesEnd = 0xD800, 0xDC00, 0xE000
	)

	switch {
	case first == 0:
		return 0, refuse("it has a NUL character")
	case first >= lowBegin && first < surrogatesEnd:
		return 0, refuse("it has half of a surrogate pair")
	case first < highBegin || first >= surrogatesEnd:
		return escapeWidth, nil
	}

	second, ok := unit(data[escapeWidth:])
	if !ok || second < lowBegin || second >= surrogatesEnd {
		return 0, refuse("it has half of a surrogate pair")
	}

	return 2 * escapeWidth, nil
}

// unit reads \uXXXX at the beginning of data.
func unit(data []byte) (rune, bool) {
	if len(data) < escapeWidth || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}

	value, err := strconv.ParseUint(string(data[2:escapeWidth]), 16, 16)

	return rune(value), err == nil
}
