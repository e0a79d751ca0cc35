// Package login keeps where the API is and the token to use it with: in the
// environment, or in a file of the user that nobody else may read.
package login

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"steward/internal/failure"
)

// The variables that say it without a file.
const (
	// URLVariable is the base of the API.
	URLVariable = "STEWARD_API_URL"
	// TokenVariable is the token.
	TokenVariable = "STEWARD_TOKEN"
)

// othersMayRead are the permission bits that the file must not have.
const othersMayRead = 0o077

// Login is one way into one API.
type Login struct {
	// URL is the base of the API.
	URL string `json:"url"`
	// Token is a token of staff. It goes to this URL and to no other.
	Token string `json:"token"`
}

// Path is where the file is: $XDG_CONFIG_HOME/steward/login.json, or the same below
// ~/.config. env is os.Getenv. It fails with ConfigInvalid where there is no home.
func Path(env func(string) string) (string, error) {
	base := env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(base) { // as the XDG base directory specification wants it
		home := env("HOME")
		if !filepath.IsAbs(home) {
			return "", failure.New(failure.ConfigInvalid, "looking for the folder of the login (set HOME or XDG_CONFIG_HOME)")
		}

		base = filepath.Join(home, ".config")
	}

	return filepath.Join(base, "steward", "login.json"), nil
}

// Find gives the login to use: what the variables say, and of what they leave open
// the file. A stored token goes to the address that it was stored with only. It
// fails with CredentialsMissing where there is none, and with ConfigInvalid for a
// file that is wrong, or for a token that belongs to another address.
func Find(env func(string) string) (Login, error) {
	said := Login{URL: env(URLVariable), Token: env(TokenVariable)}
	if said.URL != "" && said.Token != "" {
		return said, nil
	}

	path, err := Path(env)
	if err != nil {
		return Login{}, err
	}

	stored, err := Load(path)

	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Login{}, failure.New(failure.CredentialsMissing, "looking for a login ("+URLVariable+" and "+TokenVariable+" are not both set)")
	case err != nil:
		return Login{}, err
	case said.Token != "":
		return Login{URL: stored.URL, Token: said.Token}, nil
	case said.URL != "" && said.URL != stored.URL:
		return Login{}, failure.New(failure.CredentialsMissing, "looking for a login ("+URLVariable+" is another API than the one logged in to)")
	}

	return stored, nil
}

// Load reads the file. It fails with ConfigInvalid for one that others may read,
// that is another user's, or that holds no login; where there is none, the error
// wraps fs.ErrNotExist.
func Load(path string) (Login, error) {
	refused := func(why string) error { return failure.New(failure.ConfigInvalid, "reading the login ("+why+")") }

	info, err := os.Lstat(path)
	if err != nil {
		return Login{}, failure.Wrap(failure.ConfigInvalid, "reading the login", err)
	}

	stat, known := info.Sys().(*syscall.Stat_t)

	switch {
	case !info.Mode().IsRegular():
		return Login{}, refused("it is no file")
	case info.Mode().Perm()&othersMayRead != 0:
		return Login{}, refused("others may read it; run: chmod 600 " + path)
	case !known || int64(stat.Uid) != int64(os.Geteuid()):
		return Login{}, refused("it is another user's")
	}

	text, err := os.ReadFile(path) //nolint:gosec // the user's own file
	if err != nil {
		return Login{}, failure.Wrap(failure.ConfigInvalid, "reading the login", err)
	}

	var stored Login
	if json.Unmarshal(text, &stored) != nil || stored.URL == "" || stored.Token == "" { // its text would hold the token
		return Login{}, refused("it holds no login")
	}

	return stored, nil
}

// Save writes the file anew, for this user only. A crash leaves the old file or the
// new one. It fails with ConfigInvalid.
func Save(path string, login Login) error {
	text, err := json.Marshal(login)
	if err != nil {
		return failure.Wrap(failure.Internal, "writing the login", err)
	}

	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return failure.Wrap(failure.ConfigInvalid, "making the folder of the login", err)
	}

	next, err := os.CreateTemp(dir, ".login-*") // of mode 0600
	if err != nil {
		return failure.Wrap(failure.ConfigInvalid, "writing the login", err)
	}

	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), path)
	}

	if err != nil {
		err = errors.Join(err, os.Remove(next.Name()))
	}

	return failure.Wrap(failure.ConfigInvalid, "writing the login", err)
}

// Forget removes the file; there may be none.
func Forget(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}

	return failure.Wrap(failure.ConfigInvalid, "removing the login", err)
}
