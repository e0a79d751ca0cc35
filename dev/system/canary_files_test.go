package system_test

import (
	"errors"
	"io"

	"cloud.google.com/go/storage"

	"steward/internal/catalogue"
	"steward/internal/emulator/gcs"
	"steward/internal/ids"
	"steward/workflows"
)

// The canaries of the app's files: in a name, in a content, in what the app stored with
// it.
const (
	canaryInName     = "Canary Fileowner passport 7d1c"
	canaryInContent  = "CANARY-FILE passport of Ottoline C4N4 81be"
	canaryInMetadata = "uploaded by Ottoline Canaryfile 3e90"
	canaryInHeader   = "inline; filename=canary-salary-66fa.txt"
)

func fileCanaries() []string {
	return []string{canaryInName, canaryInContent, canaryInMetadata, "canary-salary-66fa.txt"}
}

// people begins the names of the files that hold canaries.
const people = "people/"

// plantFiles lets the app store files with canaries.
func (c *canaryWorld) plantFiles() {
	c.Helper()
	writer := c.SetBucket().Object(people + canaryInName + ".txt").NewWriter(c.Context())
	writer.Metadata, writer.ContentDisposition = map[string]string{"note": canaryInMetadata}, canaryInHeader
	_, err := io.WriteString(writer, canaryInContent)
	if err = errors.Join(err, writer.Close(), c.PutFile(c.Context(), people+canaryInName+"/copy.txt", canaryInContent)); err != nil {
		c.Fatal(err)
	}
}

// poisonedFiles makes the announcement of contents fail with a file's name in its text.
const poisonedFiles = `
create function poison() returns trigger language plpgsql as $$
begin
	raise exception 'duplicate key value, (object)=(people/Canary Fileowner passport 7d1c)'
		using detail = 'Failing row contains (CANARY-FILE passport of Ottoline C4N4 81be).', errcode = 'unique_violation';
end $$;
create trigger poison before insert on file_contents for each row execute function poison()`

// poisonedFilePrune does the same for the record of contents that are gone.
const poisonedFilePrune = `
create function poison() returns trigger language plpgsql as $$
begin
	raise exception 'Failing row contains (Canary Fileowner passport 7d1c).' using errcode = 'check_violation';
end $$;
create trigger poison before update on file_contents for each row when (new.gone_at is not null) execute function poison()`

// files are backed up while the catalogue fails with canaries, then while the app's
// bucket refuses, loses and drops what is asked about files whose names are canaries.
func (c *canaryWorld) files() {
	c.Helper()
	c.exec(c.StewardURL, poisonedFiles)
	c.filesFail(1)
	for _, fault := range []gcs.Fault{
		{Mode: gcs.ModeForbidden, Count: 2}, {Mode: gcs.ModeNotFound, Count: 2}, {Mode: gcs.ModeDropBefore, Count: gcs.Forever},
	} {
		fault.Operation, fault.Prefix = gcs.OpObjectMedia, people
		if _, err := c.Storage.InjectFault(fault); err != nil {
			c.Fatal(err)
		}
	}
	c.exec(c.StewardURL, `drop trigger poison on file_contents; drop function poison()`)
	c.filesFail(faultyTries)
	c.Storage.ClearFaults()
	c.filesDone()
	c.says(exitOK, "backup", "list")
	result := c.filesDone()
	c.says(exitOK, "backup", "show", result.Backup)
	c.says(exitOK, "backup", "verify", result.Backup)
}

// faultyTries is how many tries meet each of the faults of the app's bucket at least
// once: of the first two, one try may use up one or both.
const faultyTries = 5

// filesFail starts today's backup of files, or joins it, until so many more of its
// activities have failed; a run that has given up is followed by another.
func (c *canaryWorld) filesFail(times int) {
	c.Helper()
	before := failures(c.T, c.World, "core,backup")
	eventually(c.T, "failed backups of files", func() bool {
		_, err := c.Start(c.Context(), ids.FilesOf(c.Set(), c.Today()), workflows.DailyFilesName, workflows.DailyFilesParams{Files: c.Set()})
		if err != nil {
			c.Fatal(err)
		}
		return failures(c.T, c.World, "core,backup") >= before+times
	})
}

// filesDone makes today's backup of files; a run that gave up meanwhile may have been
// joined at its end.
func (c *canaryWorld) filesDone() workflows.DailyFilesResult {
	c.Helper()
	result, err := c.BackupFiles(c.Context())
	if err != nil {
		c.Log("the first run gave up, as it may: ", err)
		result, err = c.BackupFiles(c.Context())
	}
	if err != nil || result.State != catalogue.Drilled || result.Count == 0 {
		c.Fatalf("%+v, %v", result, err)
	}
	return result
}

// filePrunes meet a catalogue that refuses the record with canaries, then one that
// takes it, after the app has deleted the files.
func (c *canaryWorld) filePrunes() {
	c.Helper()
	for _, name := range []string{canaryInName + ".txt", canaryInName + "/copy.txt"} {
		if err := c.DropFile(c.Context(), people+name); err != nil && !errors.Is(err, storage.ErrObjectNotExist) {
			c.Fatal(err)
		}
	}
	c.filesDone()
	c.exec(c.StewardURL, poisonedFilePrune)
	before := failures(c.T, c.World, "core,backup")
	run, err := c.Start(c.Context(), ids.PruneFiles()+"/poisoned", workflows.PruneFilesName)
	if err != nil {
		c.Fatal(err)
	}
	failed(c.T, c.World, "core,backup", before+2)
	c.exec(c.StewardURL, `drop trigger poison on file_contents; drop function poison()`)
	if err := run.Get(c.Context(), nil); err != nil {
		c.Log("the first prune gave up, as it may: ", err)
	}
	if result, err := c.PruneFiles(c.Context()); err != nil || result.Due > 0 {
		c.Errorf("%+v, %v", result, err)
	}
}
