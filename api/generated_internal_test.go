package main

import (
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
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
	// soakSlice is how many share a house, a seed and a report: a failure is repeated
	// without the slices before it, and no table grows without end.
	soakSlice = 500_000
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

// thrower sends generated requests straight to the handler.
type thrower struct {
	house     *house
	generator *requesttest.Generator
	report    *requesttest.Report
}

// TestGeneratedRequests throws requests made from the document at the whole API: no
// answer is a 5xx, nothing is accepted that the document forbids, and every answer is
// one that the document describes.
//
//nolint:tparallel // each slice takes the whole machine
func TestGeneratedRequests(t *testing.T) {
	t.Parallel()

	from := seed(t)

	if !soaking() {
		generated(t, from, generatedRequests)

		return
	}

	for slice := range uint64(soakRequests / soakSlice) {
		t.Run(strconv.FormatUint(slice, 10), func(t *testing.T) {
			generated(t, from+slice, soakSlice)
		})

		if t.Failed() {
			return
		}
	}
}

// refusedAlways are the operations of which nothing that is generated can succeed: the
// outcomes of a task are no words of the document, and nothing that requests do makes a
// delivery to a webhook, or takes an erasure to its plan or beyond. Tests of their own do all of it.
func refusedAlways() []string {
	return []string{"finish-task", "retry-webhook-delivery", "approve-erasure", "retry-erasure"}
}

// generated throws so many requests of a seed at a house of their own.
func generated(t *testing.T, from uint64, count int) {
	t.Helper()

	h := newHouse(t)

	document, err := requesttest.Parse(h.service.document)
	if err != nil {
		t.Fatal(err)
	}

	random := rand.New(rand.NewPCG(from, 0))
	thrower := &thrower{house: h, generator: &requesttest.Generator{Document: document, Random: random, Now: time.Now()}, report: requesttest.NewReport()}

	// What no client could send does not count.
	for thrower.report.Requests < count {
		if !thrower.throw(t, document.Operations, anySkin()) {
			t.Fatalf("request %d of seed %d; repeat with: make replay SEED=%d TEST=TestGeneratedRequests PKG=./api%s",
				thrower.report.Requests, from, from, map[bool]string{true: ", and STEWARD_SOAK=1"}[soaking()])
		}
	}

	var text strings.Builder
	thrower.report.Write(&text)
	t.Logf("seed=%d\n%s", from, text.String())

	if thrower.report.Requests != count {
		t.Errorf("%d requests were answered, not %d", thrower.report.Requests, count)
	}

	// Of thousands only, chance may leave some out: so many more that are valid, every other of those that were left out. What they
	// name is made, and listed, by the others.
	left := thrower.refused()
	for more := 0; more < generatedRequests && len(left) > 0; more++ {
		if !thrower.throw(t, [][]requesttest.Operation{left, document.Operations}[more%2], []requesttest.Skin{requesttest.Valid}) {
			t.Fatalf("a request after those of seed %d", from)
		}

		left = thrower.refused()
	}

	for _, operation := range left {
		t.Errorf("never done, with seed %d: %s", from, operation.ID)
	}
}

// anySkin are all kinds of requests.
func anySkin() []requesttest.Skin {
	return []requesttest.Skin{requesttest.Valid, requesttest.Broken, requesttest.Hostile}
}

// refused are the operations that were never done: what is only refused shows nothing.
func (th *thrower) refused() []requesttest.Operation {
	return slices.DeleteFunc(slices.Clone(th.generator.Document.Operations), func(operation requesttest.Operation) bool {
		return slices.Contains(refusedAlways(), operation.ID) || th.report.Succeeded(operation.ID)
	})
}

// throw sends one of some operations, and says whether its answer was right.
func (th *thrower) throw(t *testing.T, operations []requesttest.Operation, skins []requesttest.Skin) bool {
	t.Helper()

	random := th.generator.Random
	asked := th.generator.Make(operations[random.IntN(len(operations))], skins[random.IntN(len(skins))])

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
	th.see(got)

	if err := th.generator.Document.Judge(asked, got); err != nil {
		t.Errorf("%v\n%s\nanswer: %d %s\n%s", err, asked, got.Status, got.Body, th.house.errors)

		return false
	}

	return true
}

// see remembers the ids that an answer gave, but for those of who calls: nobody could
// call any more once their access was ended.
func (th *thrower) see(got requesttest.Answer) {
	th.generator.See(path.Base(got.Headers.Get("Location")))

	all, made := th.house.verifier.(people)

	for _, found := range idMember.FindAllSubmatch(got.Body, -1) {
		id := string(found[1])
		if made && !all.have(id) {
			th.generator.See(id)
		}
	}
}

// idMember is the member of a body that names what it is about.
var idMember = regexp.MustCompile(`"id":"([A-Za-z0-9_-]{1,80})"`)

// have reports whether an id is that of one of them.
func (p people) have(id string) bool {
	for _, who := range p {
		if who.ID == id || who.Credential == id {
			return true
		}
	}

	return false
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
