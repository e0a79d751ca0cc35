package compose_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/server/common/dynamicconfig"

	"steward/dev/compose"
)

const (
	root = "../.."
	file = root + "/" + compose.File
)

func TestFileKeepsTheRules(t *testing.T) {
	t.Parallel()
	project, err := compose.Load(t.Context(), compose.Environment(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range compose.Check(project) {
		t.Error(problem)
	}
	for _, name := range []string{"postgres", "postgres-drill", "temporal", "temporal-ui", "setup", "worker-core", "worker-backup", "worker-drill", "worker-vendors", "worker-erase", "api"} {
		if _, err := project.GetService(name); err != nil {
			t.Error(err)
		}
	}
}

// Each rule sees the mistake that it is there for.
func TestRulesFindMistakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ override, want string }{
		"published everywhere":  {`{services: {temporal-ui: {ports: ["9000:9000"]}}}`, "temporal-ui: port 9000 is published on"},
		"published store":       {`{services: {postgres: {ports: ["127.0.0.1:5432:5432"]}}}`, "postgres: port 5432 of a store"},
		"published server":      {`{services: {temporal: {ports: ["127.0.0.1:7233:7233"]}}}`, "temporal: port 7233 of a store"},
		"moving tag":            {`{services: {temporal: {image: "temporalio/server:latest"}}}`, "temporal: image"},
		"no tag":                {`{services: {temporal: {image: "temporalio/server"}}}`, "temporal: image"},
		"anonymous volume":      {`{services: {postgres: {volumes: ["/var/tmp"]}}}`, "postgres: /var/tmp is an anonymous volume"},
		"writable mount":        {`{services: {worker-core: {volumes: ["./secrets:/x"]}}}`, "worker-core: /x is a writable mount"},
		"capabilities":          {`{services: {worker-core: {cap_add: [SYS_ADMIN]}}}`, "worker-core: keeps capabilities"},
		"writable root":         {`{services: {worker-core: {read_only: false}}}`, "worker-core: has a writable root"},
		"no restart":            {`{services: {worker-core: {restart: "no"}}}`, "worker-core: has no restart policy"},
		"reset in the UI":       {`{services: {temporal-ui: {environment: {TEMPORAL_WORKFLOW_RESET_DISABLED: "false"}}}}`, "RESET_DISABLED is not true"},
		"does not wait":         {`{services: {temporal: {depends_on: {temporal-schema: {condition: service_started}}}}}`, "does not wait for the success of temporal-schema"},
		"not healthy":           {`{services: {setup: {depends_on: {postgres: {condition: service_started}}}}}`, "does not wait for the health of postgres"},
		"short grace":           {`{services: {worker-backup: {stop_grace_period: 10s}}}`, "worker-backup: is killed"},
		"both roles":            {`{services: {worker-backup: {command: [--role, "backup,drill"]}}}`, "backup and drill together"},
		"identity for the dump": {`{services: {worker-backup: {volumes: ["./secrets/keys/drill:/i:ro"]}}}`, "worker-backup: is given the decryption identity"},
		"all keys":              {`{services: {worker-core: {volumes: ["./secrets/keys:/i:ro"]}}}`, "worker-core: is given the decryption identity"},
		"drill account":         {`{services: {worker-backup: {secrets: [gcp_drill]}}}`, "worker-backup: is given the service account of the drill"},
		"dump reaches drill":    {`{services: {worker-backup: {environment: {DRILL_DATABASE_URL: x}}}}`, "worker-backup: dumps, and reaches"},
		"drill reaches app":     {`{services: {worker-drill: {environment: {APP_DATABASE_URL: x}}}}`, "worker-drill: drills, and reaches"},
		"erases and drills":     {`{services: {worker-erase: {command: [--role, "erase,drill"]}}}`, "worker-erase: holds the role erase together"},
		"another erases":        {`{services: {worker-core: {environment: {APP_ERASE_DATABASE_URL: x}}}}`, "worker-core: is given the database login that erases"},
		"keys of erasures":      {`{services: {worker-core: {volumes: ["./secrets/keys/erase:/i:ro"]}}}`, "worker-core: is given the keys of the one that erases"},
		"eraser's account":      {`{services: {worker-core: {secrets: [gcp_erase]}}}`, "worker-core: is given the service account of the one that erases"},
		"shared login":          {`{services: {worker-drill: {environment: {STEWARD_DATABASE_URL: "postgres://steward_owner:x@postgres/steward"}}}}`, "worker-drill: has the database login steward_owner of setup"},
		"unreadable login":      {`{services: {worker-drill: {environment: {STEWARD_DATABASE_URL: "::"}}}}`, "worker-drill: has no database login"},
		"metrics elsewhere":     {`{services: {worker-core: {environment: {STEWARD_LISTEN: "0.0.0.0:9464"}}}}`, "worker-core: shows its metrics at"},
		"nobody waits":          {`{services: {lonely: {image: "a:1.2", restart: on-failure}}}`, "lonely: runs once, and nothing waits"},
		"privileges and logs":   {`{services: {lonely: {image: "a:1.2", restart: always}}}`, "lonely: may gain privileges"},
		"a role twice":          {`{services: {twin: {image: "a:1.2", command: [--role, core]}}}`, "the role core is not held by exactly one"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			override := filepath.Join(t.TempDir(), "override.yml")
			if err := os.WriteFile(override, []byte(c.override), 0o600); err != nil {
				t.Fatal(err)
			}
			project, err := compose.Load(t.Context(), compose.Environment(), file, override)
			if err != nil {
				t.Fatal(err)
			}
			found := compose.Check(project)
			if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Errorf("no finding contains %q: %q", c.want, found)
			}
		})
	}
}

func TestNoSecretStandsInTheFile(t *testing.T) {
	t.Parallel()
	model, err := compose.LoadRaw(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range compose.Literals(model) {
		t.Error(problem)
	}

	planted := map[string]any{"services": map[string]any{"a": map[string]any{"environment": map[string]any{
		"DB_PASSWORD": "hunter2",
		"A_URL":       "postgres://u:hunter2@h/d",
		"B_URL":       "postgres://u:${P:?}@h/d",
		"A_TOKEN":     "${T:?}",
		"B_SECRET":    "/run/secrets/b",
		"NAME":        "value",
	}}}}
	got, want := compose.Literals(planted), []string{"a: A_URL holds a secret", "a: DB_PASSWORD holds a secret"}
	if !slices.Equal(got, want) {
		t.Errorf("planted secrets: got %q, want %q", got, want)
	}
}

// Nothing starts with an empty password: whoever forgets a variable is told which one and what to do.
func TestEveryRequiredVariableIsNamed(t *testing.T) {
	t.Parallel()
	for i, pair := range compose.Environment() {
		name, _, _ := strings.Cut(pair, "=")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := slices.Delete(slices.Clone(compose.Environment()), i, i+1)
			if _, err := compose.Load(t.Context(), env, file); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("loading without %s: %v", name, err)
			}
		})
	}
}

func TestImagesOfTheDockerfileArePinned(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	from := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(string(text), -1)
	if len(from) == 0 {
		t.Fatal("no FROM line")
	}
	for _, match := range from {
		if !regexp.MustCompile(`:([0-9]+\.[0-9]+|bookworm)`).MatchString(match[1]) {
			t.Errorf("%s is not pinned", match[1])
		}
	}
	if !regexp.MustCompile(`(?m)^USER [1-9][0-9]*$`).Match(text) {
		t.Error("the image runs as root")
	}
	goVersion := regexp.MustCompile(`(?m)^go (\S+)`)
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if want := goVersion.FindStringSubmatch(string(module))[1]; !strings.Contains(string(text), "FROM golang:"+want+"-") {
		t.Errorf("the image is not built with Go %s of go.mod", want)
	}
}

// A misspelt key would be ignored by the server, with a warning that nobody reads.
func TestDynamicConfigIsKnownToTheServer(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("dynamicconfig.yaml")
	if err != nil {
		t.Fatal(err)
	}
	result := dynamicconfig.LoadYamlFile(text)
	for _, problem := range slices.Concat(result.Errors, result.Warnings) {
		t.Error(problem)
	}
	if len(result.Map) == 0 {
		t.Error("no setting was read")
	}
}

func TestDockerComposeAcceptsTheFile(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "docker", "compose", "version").Run(); err != nil {
		t.Skipf("docker compose is not here (%v): checked by its library only", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "docker", "compose", "--file", file, "config", "--quiet")
	command.Env = append(os.Environ(), compose.Environment()...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("docker compose config: %v\n%s", err, output)
	}
}
