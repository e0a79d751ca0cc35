package requesttest_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"steward/internal/requesttest"
)

const sample = `{"paths": {"/v1/things/{id}": {"post": {
	"operationId": "make-thing", "security": [{"token": []}],
	"parameters": [
		{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[a-z]{3}$"}},
		{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}}
	],
	"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
	"responses": {
		"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}, "headers": {"Location": {}}},
		"204": {},
		"422": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
	}
}}}, "components": {"schemas": {"Thing": {
	"type": "object", "additionalProperties": false, "required": ["name"],
	"properties": {
		"name": {"type": "string", "minLength": 1, "maxLength": 5}, "kind": {"type": "string", "enum": ["a", "b"]},
		"at": {"type": "string", "format": "date-time"}, "count": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 7},
		"list": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true, "items": {"type": "string", "maxLength": 3}},
		"flag": {"type": "boolean"}
	}
}}}}`

func parse(t *testing.T) *requesttest.Document {
	t.Helper()

	document, err := requesttest.Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}

	return document
}

// TestWhatIsMadeIsWhatItIsCalled: valid bodies are valid, broken ones are not.
func TestWhatIsMadeIsWhatItIsCalled(t *testing.T) {
	t.Parallel()

	document := parse(t)
	body := document.Operations[0].Body
	generator := &requesttest.Generator{Document: document, Random: rand.New(rand.NewPCG(1, 2)), Now: time.Now()}
	broken := 0

	for range 2000 {
		value := generator.Value(body)
		if err := document.Validate(body, value, true); err != nil {
			t.Fatalf("%v: %v", value, err)
		}

		if value, found := generator.Broken(body); found {
			broken++

			if document.Validate(body, value, false) == nil {
				t.Fatalf("%v breaks nothing", value)
			}
		}

		for _, skin := range []requesttest.Skin{requesttest.Valid, requesttest.Broken, requesttest.Hostile} {
			asked := generator.Make(document.Operations[0], skin)
			if request, err := asked.HTTP("http://x"); err == nil && skin == requesttest.Valid && !strings.HasPrefix(request.URL.Path, "/v1/things/") {
				t.Fatal(asked)
			}
		}
	}

	if broken < 1900 {
		t.Errorf("only %d broken", broken)
	}
}

// TestTheSameSeedMakesTheSame: or no failure could be repeated.
func TestTheSameSeedMakesTheSame(t *testing.T) {
	t.Parallel()

	made := func() string {
		document := parse(t)
		generator := &requesttest.Generator{Document: document, Random: rand.New(rand.NewPCG(7, 0)), Now: time.Unix(0, 0)}

		var all strings.Builder
		for range 200 {
			all.WriteString(generator.Make(document.Operations[0], requesttest.Broken).String())
		}

		return all.String()
	}

	if first, second := made(), made(); first != second {
		t.Error("two runs of one seed differ")
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()

	document := parse(t)
	good := http.Header{
		"X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-store"}, "X-Request-Id": {"req_1"}, "Content-Type": {"application/json"},
	}
	with := func(name, value string) http.Header {
		made := good.Clone()
		made.Set(name, value)

		return made
	}

	for name, test := range map[string]struct {
		skin    requesttest.Skin
		status  int
		headers http.Header
		body    string
		right   bool
	}{
		"right":                   {requesttest.Valid, 201, good, `{"name":"a"}`, true},
		"nothing to say":          {requesttest.Valid, 204, good, "", true},
		"refused":                 {requesttest.Broken, 422, with("Content-Type", "application/problem+json"), `{}`, true},
		"nowhere":                 {requesttest.Hostile, 404, good, "x", true},
		"its place":               {requesttest.Valid, 201, with("Location", "/v1/things/abc"), `{"name":"a"}`, true},
		"a header too many":       {requesttest.Valid, 201, with("Retry-After", "1"), `{"name":"a"}`, false},
		"a limit without a word":  {requesttest.Valid, 201, with("Ratelimit", "1"), `{"name":"a"}`, false},
		"our fault":               {requesttest.Valid, 500, good, `{}`, false},
		"what is forbidden":       {requesttest.Broken, 201, good, `{"name":"a"}`, false},
		"a redirect":              {requesttest.Hostile, 301, good, "", false},
		"not documented":          {requesttest.Valid, 202, good, "", false},
		"not documented, nowhere": {requesttest.Valid, 404, good, "", false},
		"a body too many":         {requesttest.Valid, 204, good, "x", false},
		"another type":            {requesttest.Valid, 201, with("Content-Type", "text/html"), "x", false},
		"no type":                 {requesttest.Valid, 201, with("Content-Type", ""), "x", false},
		"no JSON":                 {requesttest.Valid, 201, good, "x", false},
		"a member too many":       {requesttest.Valid, 201, good, `{"name":"a","more":1}`, false},
		"a member missing":        {requesttest.Valid, 201, good, `{}`, false},
		"too long":                {requesttest.Valid, 201, good, `{"name":"abcdef"}`, false},
		"too short":               {requesttest.Valid, 201, good, `{"name":""}`, false},
		"none of the values":      {requesttest.Valid, 201, good, `{"name":"a","kind":"c"}`, false},
		"no time":                 {requesttest.Valid, 201, good, `{"name":"a","at":"now"}`, false},
		"too many":                {requesttest.Valid, 201, good, `{"name":"a","count":8}`, false},
		"too few":                 {requesttest.Valid, 201, good, `{"name":"a","count":-1}`, false},
		"no integer":              {requesttest.Valid, 201, good, `{"name":"a","count":1.5}`, false},
		"an empty list":           {requesttest.Valid, 201, good, `{"name":"a","list":[]}`, false},
		"twice in a list":         {requesttest.Valid, 201, good, `{"name":"a","list":["x","x"]}`, false},
		"wrong in a list":         {requesttest.Valid, 201, good, `{"name":"a","list":["long"]}`, false},
		"null":                    {requesttest.Valid, 201, good, `{"name":"a","flag":null}`, false},
		"a cookie":                {requesttest.Valid, 201, with("Set-Cookie", "a=b"), `{"name":"a"}`, false},
		"no request id":           {requesttest.Valid, 201, with("X-Request-ID", ""), `{"name":"a"}`, false},
		"may be stored":           {requesttest.Valid, 201, with("Cache-Control", "public"), `{"name":"a"}`, false},
	} {
		asked := requesttest.Request{Operation: document.Operations[0], Skin: test.skin, Method: http.MethodPost}

		err := document.Judge(asked, requesttest.Answer{Status: test.status, Headers: test.headers, Body: []byte(test.body)})
		if (err == nil) != test.right {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAKeywordThatIsNotReadIsRefused: a rule that nobody checks is none.
func TestAKeywordThatIsNotReadIsRefused(t *testing.T) {
	t.Parallel()

	for _, document := range []string{strings.Replace(sample, `"uniqueItems"`, `"contains"`, 1), `[]`} {
		if _, err := requesttest.Parse([]byte(document)); err == nil {
			t.Errorf("accepted: %s", document)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()

	report := requesttest.NewReport()
	asked := requesttest.Request{Operation: parse(t).Operations[0], Skin: requesttest.Valid}
	report.Add(asked, requesttest.Answer{Status: 201}, time.Millisecond)
	report.Add(asked, requesttest.Answer{Status: 422}, 3*time.Millisecond)

	var text strings.Builder
	report.Write(&text)

	if got := strings.Join(strings.Fields(text.String()), " "); got != "requests=2 operations=1 make-thing slowest=3ms (valid) statuses=map[201:1 422:1]" {
		t.Error(got)
	}
}
