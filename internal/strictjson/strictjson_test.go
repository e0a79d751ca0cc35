package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"steward/internal/strictjson"
)

func TestCheck(t *testing.T) {
	t.Parallel()

	deep := strings.Repeat("[", 17) + strings.Repeat("]", 17)
	many := `{"a1":1,"a2":1,"a3":1,"a4":1,"a5":1,"a6":1,"a7":1,"a8":1,"a9":1`

	for document, reason := range map[string]string{
		`{}`: "", `{"a":[1,"x",true,{"a":1}]}`: "", ` {"a":1} `: "", `"é\u00e9\ud83d\ude00\n\\u0000"`: "", deep[1 : len(deep)-1]: "",
		many + "}": "",

		`{"a":1,"a":2}`:       "a name stands twice in one object",
		`{"a":1,"A":2}`:       "a name stands twice in one object",
		`{"a":1,"\u0061":2}`:  "a name stands twice in one object",
		many + `,"a1":1}`:     "a name stands twice in one object",
		many + `,"A9":1}`:     "a name stands twice in one object",
		`{"k":1,"\u212a":2}`:  "a name stands twice in one object",
		deep:                  "it is nested too deep",
		`{"a":null}`:          "null is not taken: leave the member out",
		`[1e999]`:             "a number is too large",
		`["\u0000"]`:          "it has a NUL character",
		`["\ud800"]`:          "it has half of a surrogate pair",
		`["\ud800\u0041"]`:    "it has half of a surrogate pair",
		`["\udc00"]`:          "it has half of a surrogate pair",
		"[\"\xff\"]":          "it is not UTF-8",
		`{} {}`:               "something follows the value",
		`{}x`:                 "something follows the value",
		``:                    "it is not JSON",
		`{`:                   "it is not JSON",
		`[`:                   "it is not JSON",
		`{"a"`:                "it is not JSON",
		`{"a":`:               "it is not JSON",
		`{1:2}`:               "it is not JSON",
		`["\`:                 "it is not JSON",
		`["\u12`:              "it is not JSON",
		`{"ada@example.com"x`: "it is not JSON",
	} {
		err := strictjson.Check([]byte(document))
		if got := text(err); got != reason {
			t.Errorf("%s: %q, want %q", document, got, reason)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}

	if _, refused := errors.AsType[*strictjson.Error](err); !refused {
		return "no *Error: " + err.Error()
	}

	return err.Error()
}

func TestUnmarshalNeverRepeatsAValue(t *testing.T) {
	t.Parallel()

	var into struct {
		N int `json:"n"`
	}

	for _, document := range []string{`{"n":"ada@example.com"}`, `{"n":1.5}`, `{"n":null}`, `["ada@example.com"]`} {
		err := strictjson.Unmarshal([]byte(document), &into)
		if err == nil || strings.Contains(err.Error(), "ada") || strings.HasPrefix(text(err), "no *Error") {
			t.Errorf("%s: %v", document, err)
		}
	}

	if err := strictjson.Unmarshal([]byte(`{"n":7}`), &into); err != nil || into.N != 7 {
		t.Errorf("%d, %v", into.N, err)
	}
}

// FuzzCheck: what passes is read the same by encoding/json, before and after it was
// written again.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[{"c":"\ud83d\ude00"}]}`, `{"a":1,"A":2}`, `["\ud800"]`, `[1e400]`, `{}`, `"\u212a"`} {
		f.Add([]byte(seed))
	}

	f.Fuzz(func(t *testing.T, document []byte) {
		if strictjson.Check(document) != nil {
			return
		}

		var value any
		if err := json.Unmarshal(document, &value); err != nil {
			t.Fatalf("passed, but is no JSON: %v", err)
		}

		again, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}

		if err := strictjson.Check(again); err != nil {
			t.Fatalf("passed, but not when written again: %v", err)
		}
	})
}
