package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/problem"
)

var errDriver = errors.New("duplicate key (email)=(ada@example.com)")

// TestEveryCodeOfTheAPIHasAStatus reads the files of the failure table that are about
// the API: a code without a row would become a 500 that says nothing.
func TestEveryCodeOfTheAPIHasAStatus(t *testing.T) {
	t.Parallel()

	// These are the command's and the vendors worker's own, which no handler returns.
	others := []failure.Code{
		failure.OperatorExists, failure.APIUnavailable, failure.APIRefused,
		failure.CaseKeyGone, failure.MailServerRefused, failure.MailDeferred, failure.MailRefused, failure.MailUncertain,
		failure.LetterInvalid, failure.WebhookAnswer, failure.WebhookGone, failure.RemaindersFound,
	}

	constant := regexp.MustCompile(`Code\s+= "([a-z_]+)"`)
	found := 0

	for _, name := range []string{"requests", "credentials", "accounts", "messages", "erasures"} {
		text, err := os.ReadFile(filepath.Join("..", "failure", "table_"+name+".go"))
		if err != nil {
			t.Fatal(err)
		}

		for _, match := range constant.FindAllSubmatch(text, -1) {
			found++

			if code := failure.Code(match[1]); !problem.Known(code) && !slices.Contains(others, code) {
				t.Errorf("%s has no status: give it one in table_%s.go", code, name)
			}
		}
	}

	if found < 15 {
		t.Errorf("only %d codes found: the pattern is wrong", found)
	}
}

func TestEveryStatusIsAnErrorOfACode(t *testing.T) {
	t.Parallel()

	for _, row := range failure.Table() {
		if status := problem.Status(row.Code); status < http.StatusBadRequest || status > http.StatusServiceUnavailable {
			t.Errorf("%s: %d", row.Code, status)
		}
	}
}

// TestNothingOfACauseIsTold: neither of a cause, nor of an error without a code, nor of
// one that no handler should return.
func TestNothingOfACauseIsTold(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		err    error
		code   failure.Code
		status int
		detail string
	}{
		"with a code":    {failure.Wrap(failure.NotFound, "looking for it", errDriver), failure.NotFound, 404, "looking for it"},
		"our side":       {failure.Wrap(failure.Unavailable, "looking for it", errDriver), failure.Unavailable, 503, ""},
		"without a code": {errDriver, failure.Internal, 500, ""},
		"wrapped":        {fmt.Errorf("x: %w", failure.New(failure.NotFound, "looking")), failure.NotFound, 404, "looking"},
		"not for here":   {failure.New(failure.DumpFailed, "dumping"), failure.Internal, 500, ""},
		"our own login":  {failure.New(failure.Unauthorised, "reading"), failure.Unauthorised, 500, ""},
	} {
		made := problem.From(test.err).For("req_1")
		if made.Code != test.code || made.Status != test.status || made.Detail != test.detail || made.Type != "/docs#problem-"+string(test.code) {
			t.Errorf("%s: %+v", name, made)
		}

		if !errors.Is(made, test.err) {
			t.Errorf("%s: the cause is lost to the log", name)
		}

		text, err := json.Marshal(made)
		if err != nil || strings.Contains(string(text)+made.Error(), "ada@") || !strings.Contains(string(text), `"request_id":"req_1"`) {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
}

func TestAProblemStaysOne(t *testing.T) {
	t.Parallel()

	made := problem.New(failure.RequestInvalid, "reading")
	if got := problem.From(fmt.Errorf("x: %w", made)); got != made {
		t.Errorf("%+v", got)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		err  error
		want map[string]string
	}{
		"credentials": {failure.New(failure.CredentialsNeeded, "x"), map[string]string{"WWW-Authenticate": `Bearer realm="steward"`, "Retry-After": ""}},
		"busy":        {failure.New(failure.TooBusy, "x"), map[string]string{"WWW-Authenticate": "", "Retry-After": "1"}},
		"told when": {
			problem.RetryAfter(failure.New(failure.TooManyRequests, "x"), 1500*time.Millisecond),
			map[string]string{"Retry-After": "2"},
		},
		"wrong": {failure.New(failure.RequestInvalid, "x"), map[string]string{"Retry-After": "", "Content-Type": "application/problem+json"}},
	} {
		recorder := httptest.NewRecorder()
		problem.Write(recorder, problem.From(test.err))

		for header, want := range test.want {
			if got := recorder.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}

		var read problem.Problem
		if err := json.Unmarshal(recorder.Body.Bytes(), &read); err != nil || read.Status != recorder.Code {
			t.Errorf("%s: %d %s", name, recorder.Code, recorder.Body)
		}
	}

	if problem.RetryAfter(nil, time.Second) != nil {
		t.Error("nil became an error")
	}
}
