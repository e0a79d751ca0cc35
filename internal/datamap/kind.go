package datamap

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"steward/internal/calendar"
	"steward/internal/strictyaml"
)

// maxIdentifier is the longest name that PostgreSQL holds, in bytes (NAMEDATALEN - 1).
const maxIdentifier = 63

// columnKind is the name of a column or of a trigger, as the catalogue holds it.
func columnKind() strictyaml.Kind[string] {
	return strictyaml.Kind[string]{
		Form: "a name as the database holds it, in quotes of YAML where it looks like another value",
		Parse: func(text string) (string, error) {
			if text == "" || len(text) > maxIdentifier || !utf8.ValidString(text) {
				return "", fmt.Errorf("a name has 1 to %d bytes of UTF-8", maxIdentifier)
			}

			return text, nil
		},
	}
}

// decidedKind is a column under a decision that needs no more words.
func decidedKind() strictyaml.Kind[Column] {
	names := columnKind()

	return strictyaml.Kind[Column]{Form: names.Form, Parse: func(text string) (Column, error) {
		column, err := names.Parse(text)

		return Column{Name: column}, err
	}}
}

// databaseKind is the shape of the names of databases in the policy.
func databaseKind() strictyaml.Kind[string] {
	return strictyaml.Pattern("the name of a database in the policy, such as app", `[a-z][a-z0-9]{0,15}(_[a-z0-9]{1,11}){0,2}`)
}

func categoryKind() strictyaml.Kind[string] {
	return strictyaml.Pattern("a word, such as collected (a-z, 0-9 and _)", `[a-z][a-z0-9_]{0,39}`)
}

// basisKind is the shape of the names of exceptions in the policy.
func basisKind() strictyaml.Kind[string] {
	return strictyaml.Pattern("the name of an exception in the policy, such as invoices", `[a-z][a-z0-9_]{0,39}`)
}

func bucketKind() strictyaml.Kind[string] {
	return strictyaml.Pattern("the name of a bucket, such as popkit-uploads", `[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9]`)
}

// maxPrefix bounds a prefix, so that a name has room behind it (Cloud Storage takes 1024 bytes).
const maxPrefix = 500

// prefixKind has the mark of the account once, with a separator behind it.
func prefixKind() strictyaml.Kind[string] {
	return strictyaml.Kind[string]{
		Form: "a prefix in quotes with {account} and a separator behind it, such as \"accounts/{account}/\"",
		Parse: func(text string) (string, error) {
			_, tail, _ := strings.Cut(text, AccountMark)

			switch {
			case len(text) > maxPrefix || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
				return "", fmt.Errorf("a prefix is one line of at most %d bytes of UTF-8", maxPrefix)
			case strings.Count(text, AccountMark) != 1:
				return "", errors.New("the prefix must have one {account}, where the account's key stands")
			case tail == "" || !strings.ContainsRune(separators, rune(tail[0])):
				return "", errors.New("one of " + separators + " must stand behind {account}: else the prefix of account 47 is that of 4711 too")
			}

			return text, nil
		},
	}
}

// separators may stand behind an account's key.
const separators = "/_-.:"

// jsonPathKind is the part of SQL/JSON path language that leads to a value, so that
// the same path can be followed in the database and here.
func jsonPathKind() strictyaml.Kind[string] {
	return strictyaml.Pattern(`a path in a JSON value, such as $.email or $.contacts[*]."e-mail"`,
		`\$(\.[A-Za-z_][A-Za-z0-9_]{0,62}|\."[^"\\[:cntrl:]]{1,63}"|\.\*|\[\*\]|\[[0-9]{1,4}\]){1,12}`)
}

// yesKind is true. Nothing is decided by writing that something is not so.
func yesKind() strictyaml.Kind[bool] {
	return strictyaml.Kind[bool]{Form: "true", Unquoted: ast.BoolType, Parse: func(text string) (bool, error) {
		if text != "true" {
			return false, errors.New("it is true, or does not stand here")
		}

		return true, nil
	}}
}

// maxFixed bounds a value that columns are overwritten with.
const maxFixed = 1000

// fixedKind may be empty.
func fixedKind() strictyaml.Kind[*string] {
	return strictyaml.Kind[*string]{Form: "a value in quotes, as PostgreSQL reads it", Parse: func(text string) (*string, error) {
		if len(text) > maxFixed || strings.ContainsFunc(text, unicode.IsControl) {
			return nil, fmt.Errorf("the value must be one line of at most %d bytes", maxFixed)
		}

		return &text, nil
	}}
}

// hashKind is true, or a text with one mark for the hash.
func hashKind() strictyaml.Kind[*string] {
	inner := fixedKind()

	return strictyaml.Kind[*string]{
		Form: "true, or a text in quotes with {} where the hash stands, such as \"erased-{}@example.invalid\"", Unquoted: ast.BoolType,
		Parse: func(text string) (*string, error) {
			if text == "true" {
				return new(string), nil
			}

			if strings.Count(text, HashMark) != 1 {
				return nil, errors.New("the text must have one {}, where the hash stands")
			}

			return inner.Parse(text)
		},
	}
}

// untilKind is a period in the words of the policy. The text is kept, since the certificate repeats it.
func untilKind() strictyaml.Kind[string] {
	return strictyaml.Kind[string]{Form: "a duration with its unit, such as 10y", Parse: func(text string) (string, error) {
		period, err := calendar.ParseDuration(text)
		if err == nil && period.IsZero() {
			err = errors.New("the duration must be longer than nothing")
		}

		return text, err
	}}
}

// statementKind is a statement about the account $1. That it is one only is a matter of the protocol: the server
// refuses several where there is a parameter.
func statementKind() strictyaml.Kind[string] {
	return strictyaml.Kind[string]{Form: "one statement about the account $1", Parse: func(text string) (string, error) {
		if len(text) > maxStatement {
			return "", fmt.Errorf("the statement must have at most %d bytes", maxStatement)
		}

		if !strings.Contains(text, "$1") {
			return "", errors.New("the statement does not name the account, $1")
		}

		return text, nil
	}}
}
