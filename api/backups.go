package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/catalogue"
	"steward/internal/page"
	"steward/internal/postgres"
)

// backups shows the catalogue of backups of databases.
type backups struct{ db *postgres.DB }

func (b backups) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-backups", Method: http.MethodGet, Path: "/v1/backups", Tags: []string{tagPromises},
		Summary:     "List the backups of databases",
		Description: "The catalogue, the newest day first, also those that were pruned. Each row says what is proven and when.",
	}, b.list)
}

// backupView is one backup.
type backupView struct {
	ID             string     `json:"id" maxLength:"80" doc:"The backup."`
	Database       string     `json:"database" maxLength:"80" doc:"The name of the database in the policy."`
	Day            string     `json:"day" format:"date" maxLength:"10" doc:"The business day in the company's zone."`
	State          string     `json:"state" enum:"running,taken,drilled,bad,pruned" doc:"Only drilled is good."`
	SnapshotAt     *time.Time `json:"snapshot_at,omitempty" doc:"The instant of the database that it holds."`
	TakenAt        *time.Time `json:"taken_at,omitempty" doc:"When it was stored."`
	DrilledAt      *time.Time `json:"drilled_at,omitempty" doc:"When it was proven."`
	PrunedAt       *time.Time `json:"pruned_at,omitempty" doc:"When it was proven gone."`
	Bytes          int64      `json:"bytes" minimum:"0" doc:"The size of all that was stored, in bytes, encrypted."`
	Rows           int64      `json:"rows" minimum:"0" doc:"The number of rows of all tables."`
	ManifestSHA256 string     `json:"manifest_sha256,omitempty" maxLength:"64" doc:"The hash of its signed manifest, in hex."`
	Reason         string     `json:"reason,omitempty" maxLength:"200" doc:"Why it is bad or was pruned."`
}

type backupsAnswer struct {
	Body struct {
		page.Next

		Backups []backupView `json:"backups" maxItems:"500" doc:"The newest day first."`
	}
}

// backupsList names this list in its cursors.
const backupsList = "backups"

func (b backups) list(ctx context.Context, in *page.Query) (*backupsAnswer, error) {
	after, _, err := page.Decode[catalogue.Place](backupsList, in.Cursor)
	if err != nil {
		return nil, err
	}

	found, err := catalogue.Page(ctx, b.db, after, in.Limit+1)
	if err != nil {
		return nil, err
	}

	found, next, err := page.Cut(backupsList, found, in.Limit, catalogue.Backup.Place)
	if err != nil {
		return nil, err
	}

	out := &backupsAnswer{}
	out.Body.Next, out.Body.Backups = next, []backupView{}

	for _, each := range found {
		out.Body.Backups = append(out.Body.Backups, viewOf(each))
	}

	return out, nil
}

func viewOf(b catalogue.Backup) backupView {
	return backupView{
		ID: b.ID, Database: b.Database, Day: b.Day, State: string(b.State), SnapshotAt: known(b.SnapshotAt), TakenAt: known(b.TakenAt),
		DrilledAt: known(b.DrilledAt), PrunedAt: known(b.PrunedAt), Bytes: b.Bytes, Rows: b.Rows, ManifestSHA256: b.ManifestSHA256,
		Reason: b.Reason,
	}
}
