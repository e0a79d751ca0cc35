package system_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/access"
	"steward/internal/credential/credentialtest"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// callers are who calls the API, by their tokens.
type callers struct{ app, lead, operator string }

// canaryAPI is a canaryWorld behind the API.
type canaryAPI struct {
	*canaryWorld
	callers

	account, endpoint string // ids
}

// makeCallers makes a key of the app and tokens of staff.
func makeCallers(t *testing.T, world *harness.World) callers {
	t.Helper()
	steward, err := postgres.Open(t.Context(), world.StewardURL)
	if err != nil {
		t.Fatal(err)
	}
	defer steward.Close()
	maker := credentialtest.New(t, steward, world.Now())
	_, app := maker.Key(t, access.Scopes()...)
	_, lead := maker.Staff(t, access.Lead)
	_, operator := maker.Operator()
	return callers{app: app, lead: lead, operator: operator}
}

// everything are the sinks, with a dump of the steward database as anybody may make it.
func (c *canaryAPI) everything() map[string][]byte {
	c.Helper()
	sinks := c.sinks()
	bin, err := pgtest.Bin()
	if err != nil {
		c.Fatal(err)
	}
	dump := exec.CommandContext(c.Context(), filepath.Join(bin, "pg_dump"), "--dbname", c.StewardURL)
	if sinks["pg_dump"], err = dump.Output(); err != nil {
		c.Fatal(err)
	}
	return sinks
}

// asks sends a request, with canaries in headers that nobody reads, and gives what was
// answered. That is searched too: an answer goes into logs of others.
func (c *canaryAPI) asks(want int, token, method, path, body string) []byte {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, c.API+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + token, "Content-Type": "application/json", "User-Agent": canaryAgent, "X-Forwarded-For": canarySecret,
		"Referer": "https://app.example/" + canaryHook, "Cookie": "session=" + canarySecret,
		// The same for the same request.
		"Idempotency-Key": fmt.Sprintf("%s/%x", canaryRecipient, sha256.Sum256([]byte(path+body))),
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		c.Errorf("%s %s: %d, wanted %d: %s, %v", method, path, response.StatusCode, want, text, err)
	}
	c.written["answer "+strconv.Itoa(len(c.written))] = fmt.Appendf(bytes.Clone(text), "\n%v", response.Header)
	return text
}

// member is one member of an answer, as text.
func (c *canaryAPI) member(answer []byte, name string) string {
	c.Helper()
	var members map[string]any
	if err := json.Unmarshal(answer, &members); err != nil {
		c.Fatal(err)
	}
	text, _ := members[name].(string)
	return text
}

// object writes members as JSON.
func object(members map[string]any) string {
	text, err := json.Marshal(members)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (c *canaryAPI) now(ahead time.Duration) string {
	return c.Now().Add(ahead).UTC().Format(time.RFC3339)
}
