package requesttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Skin is what kind of request it is.
type Skin string

// The skins.
const (
	// Valid: the document allows everything in it.
	Valid Skin = "valid"
	// Broken: one rule of the document is broken.
	Broken Skin = "broken"
	// Hostile: made to hurt; whether the document allows it nobody asks.
	Hostile Skin = "hostile"
)

// Request is one request that was made.
type Request struct {
	Operation Operation
	Skin      Skin
	// Target is path and query, as they go over the wire.
	Target  string
	Method  string
	Headers http.Header
	Body    string
}

// HTTP makes a request of net/http for a handler or a server at base. It fails for a
// target that no client could send.
func (r Request) HTTP(base string) (*http.Request, error) {
	made, err := http.NewRequest(r.Method, base+r.Target, strings.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}

	made.Header = r.Headers.Clone()

	return made, nil
}

// String shows the request to whoever has to find out what happened.
func (r Request) String() string {
	body := r.Body
	if len(body) > 500 {
		body = body[:500] + fmt.Sprintf("… (%d bytes)", len(r.Body))
	}

	return fmt.Sprintf("%s %s (%s, %s) %v %s", r.Method, r.Target, r.Operation.ID, r.Skin, r.Headers, body)
}

// Make makes a request for the operation.
func (g *Generator) Make(op Operation, skin Skin) Request {
	values := g.valid(op)

	made := Request{Operation: op, Skin: skin, Method: op.Method, Headers: http.Header{}}

	switch skin {
	case Valid:
	case Broken:
		if !g.breakOne(op, values) {
			made.Skin = Valid
		}
	case Hostile:
	}

	values.write(&made)

	if skin == Hostile {
		g.hurt(&made)
	}

	return made
}

// values are those of one request, before they are written.
type values struct {
	parameters map[int]string // by their place in the operation
	operation  Operation
	body       any
	hasBody    bool
}

func (g *Generator) valid(op Operation) *values {
	made := &values{parameters: map[int]string{}, operation: op}

	for i, parameter := range op.Parameters {
		if parameter.Required || g.Random.IntN(2) == 0 {
			text := plainText(g.Value(parameter.Schema))
			if parameter.In == "path" {
				text = g.Seen(parameter.Schema)
			}

			if text != "" {
				made.parameters[i] = text
			}
		}
	}

	if op.Body != nil {
		made.body, made.hasBody = g.Value(op.Body), true
	}

	return made
}

// breakOne breaks a rule of one part of the request.
func (g *Generator) breakOne(op Operation, values *values) bool {
	if op.Body != nil && g.Random.IntN(3) > 0 {
		body, found := g.Broken(op.Body)
		values.body = body

		return found
	}

	if len(op.Parameters) == 0 {
		return false
	}

	at := g.Random.IntN(len(op.Parameters))
	parameter := op.Parameters[at]

	if parameter.Required && parameter.In != "path" && g.Random.IntN(2) == 0 {
		delete(values.parameters, at)

		return true
	}

	for range tries {
		text := plainText(g.mutate(parameter.Schema, g.Value(parameter.Schema)))
		if text != "" && g.forbidden(parameter, text) {
			values.parameters[at] = text

			return true
		}
	}

	return false
}

// forbidden reports whether a text is none that the parameter may have: neither as a
// text nor as what it spells.
func (g *Generator) forbidden(parameter Parameter, text string) bool {
	if strings.ContainsAny(text, "\r\n") || parameter.In == "path" && strings.Trim(text, "./") == "" {
		return false // another address, or no header
	}

	if parameter.In == "header" && strings.TrimSpace(text) != text {
		return false // a header has no spaces at its ends
	}

	var spelled any
	if json.Unmarshal([]byte(text), &spelled) == nil && g.Document.Validate(parameter.Schema, spelled, false) == nil {
		return false
	}

	return g.Document.Validate(parameter.Schema, text, false) != nil
}

// plainText spells a value as a parameter.
func plainText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}

	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}

	return string(text)
}

func (v *values) write(made *Request) {
	path, query := v.operation.Path, url.Values{}

	for i, parameter := range v.operation.Parameters {
		text, given := v.parameters[i]

		switch {
		case parameter.In == "path":
			path = strings.ReplaceAll(path, "{"+parameter.Name+"}", url.PathEscape(text))
		case given && parameter.In == "query":
			query.Set(parameter.Name, text)
		case given && parameter.In == "header":
			made.Headers.Set(parameter.Name, text)
		}
	}

	made.Target = path
	if len(query) > 0 {
		made.Target += "?" + query.Encode()
	}

	if v.hasBody {
		made.Headers.Set("Content-Type", "application/json")

		text, err := json.Marshal(v.body)
		if err == nil {
			made.Body = string(text)
		}
	}
}
