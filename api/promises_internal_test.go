package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// asRole is a house on a database that it sees as the API's role does, and the same
// database as its owner sees it.
func asRole(t testing.TB) (*house, *postgres.DB) {
	t.Helper()

	at := pgtest.Steward(t)
	opened := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}

		t.Cleanup(db.Close)

		return db
	}

	owner := opened(at)
	h := openHouse(t, opened(pgtest.Member(t, at, "steward_api")))

	hire(t, owner, h.verifier)

	return h, owner
}

// TestTheRoleOfTheAPISeesThePromises: with rows in every table that judging them reads.
func TestTheRoleOfTheAPISeesThePromises(t *testing.T) {
	t.Parallel()

	h, owner := asRole(t)

	now := time.Now()

	for day := 2; day <= 4; day++ {
		_, err := catalogue.Open(t.Context(), owner, catalogue.Backup{
			ID: ids.New("bkp"), Database: "app", Day: fmt.Sprintf("2026-11-%02d", day), Attempt: ids.New("att"), Owner: "run", OpenedAt: now,
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	if got := h.do("auditor", http.MethodGet, "/v1/promises", ""); got.status != http.StatusOK {
		t.Errorf("%d %s\n%s", got.status, got.body, h.errors)
	}

	var seen []string

	for next := ""; ; {
		var shown struct {
			Backups    []struct{ ID, Day, State string }
			NextCursor string `json:"next_cursor"`
		}

		h.do("operator", http.MethodGet, "/v1/backups?limit=2"+next, "").into(t, &shown)

		for _, each := range shown.Backups {
			seen = append(seen, each.Day)
		}

		if next = "&cursor=" + shown.NextCursor; shown.NextCursor == "" {
			break
		}
	}

	if len(seen) != 3 || seen[0] != "2026-11-04" || seen[2] != "2026-11-02" {
		t.Errorf("%v", seen)
	}

	if got := h.do("support", http.MethodGet, "/v1/erasures-to-come", ""); got.status != http.StatusOK || string(got.body) != `{"erasures":[]}`+"\n" {
		t.Errorf("%d %s", got.status, got.body)
	}
}
