package main

import (
	"errors"
	"strings"
	"testing"

	"steward/dev/demoapp"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func runCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()

	var out strings.Builder

	c := command()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	err := c.ExecuteContext(t.Context())

	return out.String(), err
}

func TestCommandFillsOnce(t *testing.T) {
	t.Parallel()

	args := []string{
		"--url", pgtest.Database(t), "--accounts", "3", "--displays", "90", "--seed", "5", "--as-of", "2027-01-15T00:00:00Z",
	}

	out, err := runCommand(t, args...)
	if want := "filled: 3 accounts, 90 displays, seed 5\n"; err != nil || out != want {
		t.Fatalf("first run: %q, %v, want %q", out, err, want)
	}

	out, err = runCommand(t, append(args, "--if-empty")...)
	if want := "filled already: 3 accounts, 90 displays, seed 5\n"; err != nil || out != want {
		t.Errorf("with --if-empty: %q, %v, want %q", out, err, want)
	}

	if _, err = runCommand(t, args...); !errors.Is(err, demoapp.ErrFilled) {
		t.Errorf("without --if-empty: %v, want ErrFilled", err)
	}
}

func TestCommandRefuses(t *testing.T) {
	t.Setenv("APP_DATABASE_URL", "")

	if _, err := runCommand(t); !errors.Is(err, errNoURL) {
		t.Errorf("without a URL: %v, want errNoURL", err)
	}

	if _, err := runCommand(t, "--url", "postgres://127.0.0.1:1/x", "--as-of", "yesterday"); err == nil ||
		!strings.Contains(err.Error(), "--as-of") {
		t.Errorf("with a wrong instant: %v", err)
	}
}
