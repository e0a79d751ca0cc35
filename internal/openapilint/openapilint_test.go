package openapilint_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"steward/internal/openapilint"
)

// TestEachRuleCanBeBroken changes the checked-in document in one place at a time.
func TestEachRuleCanBeBroken(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}

	for want, change := range map[string][2]string{
		"it is no OpenAPI 3.1":                             {`"openapi": "3.1.0"`, `"openapi": "3.0.3"`},
		"version is missing":                               {`"version": "1.0.0"`, `"version": ""`},
		"no server is named":                               {`"servers"`, `"servants"`},
		"its id is not kebab-case":                         {`"operationId": "get-health"`, `"operationId": "getHealth"`},
		"its id is that of get /docs":                      {`"operationId": "get-health"`, `"operationId": "get-docs"`},
		"its summary is missing, long or a sentence":       {`"summary": "Does this process live?"`, `"summary": "It lives."`},
		"it has no tag, many, or one that is not declared": {"\"service\"\n", "\"nothing\"\n"},
		"it does not say whether it needs credentials":     {`"security": []`, `"insecurity": []`},
		"its segment Healthz is neither":                   {`"/healthz"`, `"/Healthz"`},
		"the parameter id of its path is not declared":     {`"/healthz"`, `"/healthz/{id}"`},
		"is nowhere":      {`#/components/schemas/AliveAnswerBody"`, `#/components/schemas/Nothing"`},
		"nothing uses it": {`#/components/schemas/AliveAnswerBody"`, `#/components/schemas/Problem"`},
		"it requires a member that it does not have":        {"\"required\": [\n          \"alive\"", "\"required\": [\n          \"dead\""},
		"its name is not snake_case":                        {`"next_cursor"`, `"nextCursor"`},
		"it has no description":                             {`"description": "Always true."`, `"title": "x"`},
		"a list without maxItems":                           {`"maxItems": 500`, `"minItems": 0`},
		"a text without maxLength, enum, format or pattern": {`"maxLength": 1024`, `"minLength": 0`},
		"status 429 is not documented":                      {`"429"`, `"430"`},
		"status 500 has no description":                     {`"description": "Internal Server Error"`, `"description": ""`},
	} {
		if !strings.Contains(string(text), change[0]) {
			t.Errorf("%s: the document has no %s", want, change[0])

			continue
		}

		found, err := openapilint.Lint([]byte(strings.Replace(string(text), change[0], change[1], 1)), "PostmarkBody")
		if err != nil {
			t.Errorf("%s: %v", want, err)
		}

		if !slices.ContainsFunc(found, func(one string) bool { return strings.Contains(one, want) }) {
			t.Errorf("%s: found %q", want, found)
		}
	}

	if _, err := openapilint.Lint([]byte("[]")); err == nil {
		t.Error("a list is a document")
	}
}
