package environment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/dev/demoapp"
	"steward/dev/internal/probe"
	"steward/dev/internal/state"
)

// Size of the demo app's data: enough to look like a company, little enough for
// the first backup to take seconds.
const (
	demoAccounts = 50
	demoDisplays = 20_000
	demoSeed     = 1
)

// upDemo installs the demo app and fills it, once.
func (e *Environment) upDemo(ctx context.Context) (string, error) {
	c, err := e.clusterOf(partPostgres)
	if err != nil {
		return "", err
	}
	admin := c.AdminURL(databaseApp)
	if err := demoapp.Install(ctx, admin); err != nil {
		return "", fmt.Errorf("installing it: %w", err)
	}
	_, filled, err := demoapp.Filled(ctx, admin)
	if err != nil {
		return "", fmt.Errorf("looking into it: %w", err)
	}
	if filled {
		return "", e.openLargeObjects(ctx, admin)
	}
	// Its world ends today, so that its customers look alive.
	const day = 24 * time.Hour
	size := demoapp.Size{
		Accounts: demoAccounts, Displays: demoDisplays, Seed: demoSeed, AsOf: time.Now().UTC().Truncate(day),
	}
	if err := demoapp.Fill(ctx, admin, size, nil); err != nil {
		return "", fmt.Errorf("filling it: %w", err)
	}
	return fmt.Sprintf("filled with %d accounts", size.Accounts), e.openLargeObjects(ctx, admin)
}

// openLargeObjects lets the backup role read the app's large objects: alone of all
// data they are not covered by pg_read_all_data, nor, before Postgres 18, by
// default privileges, and pg_dump stops at the first that it may not read. An app
// that makes new ones grants the same; make up does it at every start.
func (e *Environment) openLargeObjects(ctx context.Context, admin string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("connecting to the demo app's database: %w", err)
	}
	_, err = conn.Exec(ctx, `
		DO $$
		DECLARE
			item oid;
		BEGIN
			FOR item IN SELECT oid FROM pg_largeobject_metadata LOOP
				EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO steward_backup', item);
			END LOOP;
		END
		$$`)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("opening the large objects to the backup role: %w", err)
	}
	return nil
}

// demoFile remembers that the demo's files were uploaded.
func (e *Environment) demoFile() string { return e.dir.Path("demo.json") }

// upDemoFiles uploads the files that the demo app's rows say are in Cloud Storage,
// once. A crash in between leaves some of them; the next call brings the rest.
func (e *Environment) upDemoFiles(ctx context.Context) (string, error) {
	var done bool
	if _, err := state.ReadJSON(e.demoFile(), &done); err != nil {
		return "", fmt.Errorf("looking for the demo's files: %w", err)
	}
	if done {
		return "", nil
	}
	c, err := e.clusterOf(partPostgres)
	if err != nil {
		return "", err
	}
	size, filled, err := demoapp.Filled(ctx, c.AdminURL(databaseApp))
	if err != nil {
		return "", fmt.Errorf("looking into the demo app: %w", err)
	}
	if !filled {
		return "", nil
	}
	if err := e.makeDemoBucket(ctx); err != nil {
		return "", err
	}
	count := 0
	for _, all := range []iter.Seq[demoapp.Object]{demoapp.Objects(size), demoapp.Thumbnails(size)} {
		for object := range all {
			if err := e.upload(ctx, object); err != nil {
				return "", fmt.Errorf("uploading a file of the demo: %w", err)
			}
			count++
		}
	}
	return fmt.Sprintf("%d uploaded", count), state.WriteJSON(e.demoFile(), true)
}

func (e *Environment) makeDemoBucket(ctx context.Context) error {
	body := []byte(`{"name":"` + demoapp.Bucket + `"}`)
	// 409: it exists.
	return e.storage(ctx, "/storage/v1/b?project=demo", "application/json", body, http.StatusConflict)
}

// upload puts one object where no object is; a repeated one answers 412 and stays.
func (e *Environment) upload(ctx context.Context, object demoapp.Object) error {
	query := url.Values{"uploadType": {"media"}, "name": {object.Name}, "ifGenerationMatch": {"0"}}
	path := "/upload/storage/v1/b/" + object.Bucket + "/o?" + query.Encode()
	return e.storage(ctx, path, object.ContentType, object.Content, http.StatusPreconditionFailed)
}

// errStorage is returned for an answer of the emulator that is not expected.
var errStorage = errors.New("the storage emulator refused")

// storage posts to the JSON API directly: for two calls the client library with
// its dependencies would double this program's size and build time.
func (e *Environment) storage(ctx context.Context, path, contentType string, body []byte, already int) error {
	address := "http://" + e.address(partGCS) + path
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the storage emulator: %w", err)
	}
	request.Header.Set("Content-Type", contentType)
	status, err := probe.Do(request)
	if err != nil {
		return fmt.Errorf("asking the storage emulator: %w", err)
	}
	if status != http.StatusOK && status != already {
		return fmt.Errorf("%w: status %d", errStorage, status)
	}
	return nil
}
