package main

import (
	"os"

	"steward/internal/apiclient"
	"steward/internal/login"
)

// api reaches Steward's API as whoever is logged in. It fails with CredentialsMissing
// where nobody is.
func (a *app) api() (*apiclient.Client, error) {
	known, err := login.Find(os.Getenv)
	if err != nil {
		return nil, err
	}

	return apiclient.New(apiclient.Options{URL: known.URL, Token: known.Token})
}
