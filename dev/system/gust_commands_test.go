package system_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloud.google.com/go/storage"

	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/setup"
)

// tried does under the strike what a person's command does, and then once more.
func (g *gust) tried(ctx context.Context, command func(*gcs.Client) error) error {
	client, err := gcs.Open(ctx, gcs.Options{Endpoint: g.Storage.URL(), Project: "test", Patience: gcs.Patient().Scaled(g.Options.Scale)})
	if err != nil {
		return fmt.Errorf("opening the storage: %w", err)
	}
	err = g.under(ctx, func() error { return command(client) })
	if err != nil {
		g.again = true
		err = command(client)
	}
	return errors.Join(err, client.Close())
}

// setUp lets setup make a bucket.
func (g *gust) setUp(ctx context.Context) error {
	wanted := guard.Buckets(g.Rules, "EU")[0]
	wanted.Name = fmt.Sprintf("popkit-made-%d-%d", g.seed, g.run)
	err := g.tried(ctx, func(client *gcs.Client) error {
		_, err := (&setup.Setup{Storage: client, Buckets: []guard.Bucket{wanted}}).MakeBuckets(ctx)
		return err
	})
	if err != nil {
		return err
	}
	made, err := g.Bucket.Bucket(wanted.Name).Attrs(ctx)
	if err == nil && (made.RetentionPolicy == nil || made.RetentionPolicy.RetentionPeriod != wanted.Settings.Retention) {
		err = fmt.Errorf("the bucket was made with %+v", made.RetentionPolicy)
	}
	return err
}

// mended does what `doctor --fix` does about a bucket that somebody has changed.
func (g *gust) mended(ctx context.Context) error {
	bucket := g.Bucket.Bucket(g.Rules.Storage.Files)
	if _, err := bucket.Update(ctx, storage.BucketAttrsToUpdate{VersioningEnabled: true}); err != nil {
		return fmt.Errorf("changing a bucket: %w", err)
	}
	err := g.tried(ctx, func(client *gcs.Client) error {
		stored := client.Bucket(g.Rules.Storage.Files)
		have, err := stored.Settings(ctx)
		if err != nil {
			return err
		}
		wanted := guard.Buckets(g.Rules, "EU")
		at := slices.IndexFunc(wanted, func(one guard.Bucket) bool { return one.Name == stored.Name() })
		var keys []guard.Key
		for _, finding := range guard.Drifts(guard.Check(wanted[at], have)) {
			keys = append(keys, finding.Key)
		}
		if len(keys) == 0 {
			return nil
		}
		return stored.Update(ctx, have, guard.Mended(wanted[at], have, keys...))
	})
	if err != nil {
		return err
	}
	now, err := bucket.Attrs(ctx)
	if err == nil && now.VersioningEnabled {
		err = errors.New("the bucket was not mended")
	}
	return err
}
