package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/failure"
	"steward/internal/problem"
	"steward/internal/strictjson"
)

// refuse answers a request that no handler sees.
func refuse(ctx context.Context, w http.ResponseWriter, err error) {
	problem.Write(w, problemOf(ctx, err))
}

// read checks what could be understood in two ways, and reads the body whole, so that
// what is hashed, checked and worked on are the same bytes.
func (t *routes) read(w http.ResponseWriter, r *http.Request, x *exchange, op *huma.Operation) error {
	if err := plainTarget(r, op); err != nil {
		return err
	}

	if op.RequestBody == nil {
		return nil
	}

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, op.MaxBodyBytes))
	if err != nil {
		return unread(err)
	}

	if err := jsonType(r.Header.Values("Content-Type"), len(body) > 0); err != nil {
		return err
	}

	if len(body) == 0 {
		return failure.New(failure.RequestMalformed, "reading the body (there is none)")
	}

	if names := foreignMembers(op); names != nil {
		body, err = strictjson.Pick(body, names)
	} else {
		err = strictjson.Check(body)
	}

	if err != nil {
		return malformed("body", err)
	}

	x.body, r.Body = body, io.NopCloser(bytes.NewReader(body))

	return nil
}

// foreign is the member of an operation's Metadata that names what is read of a body
// whose form somebody else defines; it is a []string.
const foreign = "steward-foreign"

// foreignMembers is what is read of such a body; nil for the bodies that are ours.
func foreignMembers(op *huma.Operation) []string {
	if names, ok := op.Metadata[foreign].([]string); ok {
		return names
	}

	return nil
}

// unread says why a body could not be read; it is the caller's side, since the body
// comes from there.
func unread(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return failure.New(failure.RequestTooLarge, "reading the body")
	}

	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return failure.New(failure.RequestTooSlow, "reading the body")
	}

	return failure.New(failure.RequestMalformed, "reading the body")
}

// jsonType accepts application/json, in UTF-8 if a charset is named (RFC 8259 knows no
// other). Where there is no body the type does not matter.
func jsonType(values []string, body bool) error {
	if !body {
		return nil
	}

	wrong := failure.New(failure.MediaTypeWrong, "reading the header Content-Type")
	if len(values) != 1 {
		return wrong
	}

	name, parameters, err := mime.ParseMediaType(values[0])
	if err != nil || name != jsonMedia {
		return wrong
	}

	if charset, named := parameters["charset"]; named && !strings.EqualFold(charset, "utf-8") {
		return wrong
	}

	return nil
}

// plainTarget refuses an address whose values are no text, or that says a parameter
// twice or without a value: the next reader might take the other one.
func plainTarget(r *http.Request, op *huma.Operation) error {
	for _, parameter := range op.Parameters {
		if parameter.In == "path" && !plain(r.PathValue(parameter.Name)) {
			return malformed("path."+parameter.Name, errControl)
		}
	}

	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return malformed("query", errQuery)
	}

	for name, values := range query {
		if len(values) != 1 {
			return invalid("query.*", "a parameter stands twice")
		}

		if values[0] == "" && !mayBeEmpty(op, name) {
			return invalid("query.*", "a parameter has no value")
		}

		if !plain(values[0]) {
			return malformed("query.*", errControl)
		}
	}

	return nil
}

// mayBeEmpty reports whether a parameter without a value is one that the document
// allows; huma takes it for one that is not there.
func mayBeEmpty(op *huma.Operation, name string) bool {
	return slices.ContainsFunc(op.Parameters, func(parameter *huma.Param) bool {
		schema := parameter.Schema

		return parameter.In == "query" && parameter.Name == name && schema.Type == huma.TypeString &&
			(schema.MinLength == nil || *schema.MinLength == 0) && len(schema.Enum) == 0
	})
}

var (
	errControl = errors.New("it has characters that are no text")
	errQuery   = errors.New("it cannot be read")
)

// plain reports whether a value is text without control characters.
func plain(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}

func malformed(where string, err error) error {
	return placed(problem.New(failure.RequestMalformed, "reading the request"), where, err.Error())
}

func invalid(where, what string) error {
	return placed(problem.New(failure.RequestInvalid, "reading the request"), where, what)
}

func placed(made *problem.Problem, where, what string) error {
	made.Errors = []problem.Detail{{Location: where, Message: what}}

	return made
}

// details are what huma says of a request, without anything that the caller wrote: no
// values, no names that the document does not have.
func details(theirs []*huma.ErrorDetail) []problem.Detail {
	var made []problem.Detail

	for _, each := range theirs[:min(len(theirs), problem.MaxDetails)] {
		location := each.Location
		if strings.HasPrefix(each.Message, "unexpected property") || strings.HasPrefix(each.Message, "unknown query") {
			location, _, _ = strings.Cut(location, ".")
			location += ".*"
		}

		// What follows a colon is what a parser says of the value.
		message, _, _ := strings.Cut(each.Message, ": ")
		made = append(made, problem.Detail{Location: location, Message: message})
	}

	return made
}
