package login_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"steward/internal/failure"
	"steward/internal/login"
)

func vars(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}

		return ""
	}
}

func TestWhereTheFileIs(t *testing.T) {
	t.Parallel()

	for want, env := range map[string]func(string) string{
		"/x/steward/login.json":              vars("XDG_CONFIG_HOME", "/x", "HOME", "/home/a"),
		"/home/a/.config/steward/login.json": vars("XDG_CONFIG_HOME", "x", "HOME", "/home/a"),
		"":                                   vars("HOME", "relative"),
	} {
		path, err := login.Path(env)
		if path != want || failure.Is(err, failure.ConfigInvalid) != (want == "") {
			t.Errorf("%q, %v; want %q", path, err, want)
		}
	}

	if _, err := login.Find(vars()); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}

func TestWhatIsFound(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()

	path, err := login.Path(vars("XDG_CONFIG_HOME", dir))
	if err != nil {
		t.Fatal(err)
	}

	if _, err := login.Find(vars("XDG_CONFIG_HOME", dir)); !failure.Is(err, failure.CredentialsMissing) {
		t.Error(err)
	}

	stored := login.Login{URL: "https://a.example", Token: "stored"}
	for range 2 { // the second time over the first
		if err := login.Save(path, stored); err != nil {
			t.Fatal(err)
		}
	}

	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	if inside, err := os.ReadDir(filepath.Dir(path)); err != nil || len(inside) != 1 {
		t.Errorf("%v, %v", inside, err)
	}

	for name, test := range map[string]struct {
		url, token string
		want       login.Login
	}{
		"nothing is said":       {"", "", stored},
		"both are":              {"https://b.example", "said", login.Login{URL: "https://b.example", Token: "said"}},
		"the same address":      {"https://a.example", "", stored},
		"another token":         {"", "said", login.Login{URL: "https://a.example", Token: "said"}},
		"another address alone": {"https://b.example", "", login.Login{}},
	} {
		got, err := login.Find(vars("XDG_CONFIG_HOME", dir, login.URLVariable, test.url, login.TokenVariable, test.token))
		if got != test.want || failure.Is(err, failure.CredentialsMissing) != (test.want == login.Login{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}

	for range 2 {
		if err := login.Forget(path); err != nil {
			t.Error(err)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	good := `{"url":"https://a.example","token":"s3cret"}`

	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}

		return path
	}

	link := filepath.Join(dir, "link")
	if err := os.Symlink(write("target", good, 0o600), link); err != nil {
		t.Fatal(err)
	}

	for name, path := range map[string]string{
		"others may read": write("open", good, 0o644), "not ours to follow": link, "a folder": dir,
		"no login": write("empty", "{}", 0o600), "no JSON": write("broken", `{"token":"s3cret`, 0o600),
	} {
		_, err := login.Load(path)
		if !failure.Is(err, failure.ConfigInvalid) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}

	if _, err := login.Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}

	for _, err := range []error{
		login.Save(filepath.Join(link, "login.json"), login.Login{}), login.Save(dir, login.Login{}), login.Forget(filepath.Join(link, "x")),
	} {
		if !failure.Is(err, failure.ConfigInvalid) {
			t.Error(err)
		}
	}
}
