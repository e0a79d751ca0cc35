package main

import (
	"context"
	"fmt"
	"os"

	"steward/internal/apiclient"
	"steward/internal/failure"
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

// Words that several commands have.
const (
	listCommand = "list"
	showCommand = "show ID"
	roleFlag    = "role"
	roleHead    = "ROLE"
)

// everything is the limit of a list that is read to its end.
const everything = -1

// listed reads a list of the API, page by page, until there are limit rows. read
// takes the rows out of a page, and where the next begins. No rows are an empty list.
func listed[P, R any](ctx context.Context, a *app, path string, limit int, read func(page P) (rows []R, next string)) ([]R, error) {
	client, err := a.api()
	if err != nil {
		return nil, err
	}

	found := []R{}

	err = apiclient.Pages(ctx, client, path, func(page P) string {
		rows, next := read(page)
		found = append(found, rows...)

		if limit != everything && len(found) >= limit {
			return ""
		}

		return next
	})
	if limit != everything {
		found = found[:min(limit, len(found))]
	}

	return found, err
}

// checkLimit refuses a --limit that is none.
func checkLimit(limit int) error {
	if limit < 1 || limit > maxShow {
		return failure.New(failure.UsageWrong, fmt.Sprintf("reading --limit (it is from 1 to %d)", maxShow))
	}

	return nil
}
