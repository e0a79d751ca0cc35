package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"steward/internal/doctor"
	"steward/internal/failure"
)

// TestTheAPI is about answers that are not those of Steward's API, and about what it
// lacks; a test of the API itself lets the doctor look at the real one.
func TestTheAPI(t *testing.T) {
	t.Parallel()

	var (
		status int
		text   string
		path   string
	)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path = r.URL.Path; r.Header.Get("Authorization") != "" {
			t.Error("a token was shown")
		}

		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)

	look := func(url string) doctor.Check {
		t.Helper()

		return find(t, visitMessages(t, func(d *doctor.Doctor) { d.API = url }), "api", "readiness")
	}

	for _, c := range []struct {
		status int
		text   string
		state  doctor.State
		code   failure.Code
		says   string
	}{
		{200, `{"ready": true, "checks": [{"name": "steward database", "ready": true}], "new": 1}`, doctor.OK, "", "1 checks"},
		{503, `{"ready": false, "checks": [{"name": "x", "ready": false, "code": "database_out_of_date", "reason": "canary"}]}`, doctor.Fail, failure.DatabaseOutOfDate, "not ready"},
		{503, `{"ready": false, "checks": [{"name": "x", "ready": false, "code": "canary"}]}`, doctor.Fail, failure.Internal, "not ready"},
		{503, `{"ready": false, "checks": []}`, doctor.Fail, failure.APIUnavailable, "status 503"},
		{503, "<html>canary", doctor.Fail, failure.APIUnavailable, "status 503"},
		{200, "<html>canary", doctor.Fail, failure.APIUnavailable, "status 200"},
		{200, `{"ready": false}`, doctor.Fail, failure.APIUnavailable, "status 200"},
		{307, "", doctor.Fail, failure.APIUnavailable, "status 307"},
		{404, "", doctor.Fail, failure.APIUnavailable, "status 404"},
	} {
		status, text = c.status, c.text

		check := look(server.URL + "/")
		if check.State != c.state || check.Code != c.code || !strings.Contains(check.Says, c.says) || strings.Contains(check.Says+check.Hint, "canary") ||
			(check.State == doctor.Fail) != (check.Hint != "") || path != "/readyz" {
			t.Errorf("%d %s: %+v, %s", c.status, c.text, check, path)
		}
	}

	for url, code := range map[string]failure.Code{
		"http://127.0.0.1:1": failure.APIUnavailable, "http://steward.example.com": failure.ConfigInvalid, "steward": failure.ConfigInvalid,
	} {
		if check := look(url); check.State != doctor.Fail || check.Code != code {
			t.Errorf("%s: %+v", url, check)
		}
	}

	if check := look(""); check.State != doctor.Skipped || !strings.Contains(check.Says, "STEWARD_API_URL") {
		t.Errorf("%+v", check)
	}
}
