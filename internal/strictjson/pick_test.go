package strictjson_test

import (
	"strings"
	"testing"

	"steward/internal/strictjson"
)

// What others define is read in whatever shape it comes, as long as it is JSON.
func TestPick(t *testing.T) {
	t.Parallel()

	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)

	for text, want := range map[string]string{
		`{"a":1,"b":null,"c":"\u0000\ud800","d":` + deep + `,"e":1e999,"e":2}`: `{"a":1,"b":null}`,
		`{"A":1,"b":{"x":null},"b":2}`:                                         `{"b":2}`,
		`{}`:                                                                   `{}`,
		`null`:                                                                 "",
		`[]`:                                                                   "",
		`{"a":1} {}`:                                                           "",
		`{"a":`:                                                                "",
		"{\"a\":\"\xff\"}":                                                     "",
	} {
		got, err := strictjson.Pick([]byte(text), []string{"a", "b"})
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}
