package main

import (
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"steward/internal/requesttest"
)

const (
	// generatedRequests is how many requests make test sends, and soakRequests make soak.
	generatedRequests = 4_000
	soakRequests      = 10_000_000
)

func soaking() bool { return os.Getenv("STEWARD_SOAK") != "" }

// seed is that of the run: a fresh one, or the one that is to be repeated.
func seed(t testing.TB) uint64 {
	t.Helper()

	text := os.Getenv("STEWARD_SEED")
	if text == "" {
		return uint64(time.Now().UnixNano())
	}

	read, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}

	return read
}

// TestGeneratedRequests throws requests made from the document at the whole API: no
// answer is a 5xx, nothing is accepted that the document forbids, and every answer is
// one that the document describes.
func TestGeneratedRequests(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	document, err := requesttest.Parse(h.service.document)
	if err != nil {
		t.Fatal(err)
	}

	from := seed(t)
	random := rand.New(rand.NewPCG(from, 0))
	thrower := &thrower{house: h, generator: &requesttest.Generator{Document: document, Random: random, Now: time.Now()}, report: requesttest.NewReport()}

	count := generatedRequests
	if soaking() {
		count = soakRequests
	}

	for i := range count {
		if !thrower.throw(t) {
			t.Fatalf("request %d of seed %d; repeat with: make replay SEED=%d TEST=TestGeneratedRequests PKG=./api", i, from, from)
		}
	}

	var text strings.Builder
	thrower.report.Write(&text)
	t.Logf("seed=%d\n%s", from, text.String())
}

// thrower sends generated requests straight to the handler.
type thrower struct {
	house     *house
	generator *requesttest.Generator
	report    *requesttest.Report
}

// throw sends one, and says whether its answer was right.
func (th *thrower) throw(t *testing.T) bool {
	t.Helper()

	random, operations := th.generator.Random, th.generator.Document.Operations
	asked := th.generator.Make(operations[random.IntN(len(operations))], []requesttest.Skin{
		requesttest.Valid, requesttest.Broken, requesttest.Hostile,
	}[random.IntN(3)])

	request, err := asked.HTTP("http://127.0.0.1")
	if err != nil {
		return true // no client could send it
	}

	request.RemoteAddr = "127.0.0.1:4711"
	request.RequestURI = asked.Target

	if request.Header.Get(requesttest.Credentials) == "" && random.IntN(20) > 0 {
		request.Header.Set(requesttest.Credentials, "Bearer "+th.someone(asked.Operation.ID))
	}

	recorder := httptest.NewRecorder()
	began := time.Now()

	th.house.service.handler.ServeHTTP(recorder, request)

	got := requesttest.Answer{Status: recorder.Code, Headers: recorder.Result().Header, Body: recorder.Body.Bytes()}
	th.report.Add(asked, got, time.Since(began))
	th.generator.See(path.Base(got.Headers.Get("Location")))

	if err := th.generator.Document.Judge(asked, got); err != nil {
		t.Errorf("%v\n%s\nanswer: %d %s\n%s", err, asked, got.Status, got.Body, th.house.errors)

		return false
	}

	return true
}

// someone is mostly who may call the operation, sometimes anybody.
func (th *thrower) someone(operation string) string {
	random, rule := th.generator.Random, ruleOf(operation)

	if random.IntN(8) > 0 {
		var may []string
		if rule.Scope != "" {
			may = append(may, "app")
		}

		for _, role := range rule.Roles {
			may = append(may, string(role))
		}

		if len(may) > 0 {
			return may[random.IntN(len(may))]
		}
	}

	all := []string{"app", "support", "lead", "operator", "auditor"}

	return all[random.IntN(len(all))]
}
