package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"cloud.google.com/go/storage"

	"steward/internal/fileremoval"
	"steward/internal/guard"
	"steward/internal/ids"
	"steward/workflows"
)

// smallFiles are the app's files where a test asks for no others: a handful, so that
// a run takes about a second, with a person in names and contents. One is empty, and
// two have the same content.
func smallFiles() map[string]string {
	return map[string]string{
		"accounts/1/logo.png":              "\x89PNG a logo of person 17",
		"accounts/1/person 17/letter.txt":  "Dear person 17, this is a letter.",
		"accounts/2/empty":                 "",
		"accounts/2/logo.png":              "\x89PNG a logo of person 17",
		"accounts/3/ünusual/../name#1.txt": "a name that has to be escaped",
	}
}

// Set is the one set of files of the policy, and SetBucket the app's bucket of it.
func (w *World) Set() string { return w.Rules.Promises.Backups.Files[0].Name }

// SetBucket is the app's bucket, of which Steward only reads.
func (w *World) SetBucket() *storage.BucketHandle {
	return w.Bucket.Bucket(w.Rules.Promises.Backups.Files[0].Bucket)
}

// makeFiles makes the app's bucket with its files, and the bucket of their backups as
// `steward setup` does: with a retention, without a lifecycle rule.
func (w *World) makeFiles(t testing.TB) {
	t.Helper()
	off := &storage.SoftDeletePolicy{}
	stored := &storage.BucketAttrs{
		Location: "EU", SoftDeletePolicy: off, UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: true},
		PublicAccessPrevention: storage.PublicAccessPreventionEnforced,
		RetentionPolicy:        &storage.RetentionPolicy{RetentionPeriod: guard.Files(w.Rules, "EU").Settings.Retention},
	}
	err := errors.Join(
		w.Bucket.Bucket(w.Rules.Storage.Files).Create(t.Context(), "test", stored),
		w.SetBucket().Create(t.Context(), "test", &storage.BucketAttrs{Location: "EU", SoftDeletePolicy: off}),
	)
	files := w.Options.Files
	if files == nil {
		files = smallFiles()
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err = errors.Join(err, w.PutFile(t.Context(), name, files[name]))
	}
	if err != nil {
		t.Fatal("making the app's files: ", err)
	}
}

// PutFile lets the app store or replace a file.
func (w *World) PutFile(ctx context.Context, name, content string) error {
	writer := w.SetBucket().Object(name).NewWriter(ctx)
	_, err := writer.Write([]byte(content))
	if err = errors.Join(err, writer.Close()); err != nil {
		return fmt.Errorf("storing a file of the app: %w", err)
	}
	return nil
}

// DropFile lets the app delete a file.
func (w *World) DropFile(ctx context.Context, name string) error {
	if err := w.SetBucket().Object(name).Delete(ctx); err != nil {
		return fmt.Errorf("deleting a file of the app: %w", err)
	}
	return nil
}

// BackupFiles takes today's backup of the app's files and waits for its end.
func (w *World) BackupFiles(ctx context.Context) (workflows.DailyFilesResult, error) {
	var result workflows.DailyFilesResult
	run, err := w.Start(ctx, ids.FilesOf(w.Set(), w.Today()), workflows.DailyFilesName, workflows.DailyFilesParams{Files: w.Set()})
	if err == nil {
		err = run.Get(ctx, &result)
	}
	if err != nil {
		return result, fmt.Errorf("backing up the files: %w", err)
	}
	return result, nil
}

// PruneFiles removes what is past its time and waits for the end. What was due when it
// began is gone then: from here on the checks look whether it is.
func (w *World) PruneFiles(ctx context.Context) (fileremoval.Result, error) {
	var result fileremoval.Result
	began := w.Now()
	run, err := w.Start(ctx, ids.PruneFiles()+"/"+newID("run"), workflows.PruneFilesName)
	if err == nil {
		err = run.Get(ctx, &result)
	}
	if err != nil {
		return result, fmt.Errorf("pruning files: %w", err)
	}
	w.filesPruned = began
	return result, nil
}
