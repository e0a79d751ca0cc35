package harness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"

	"cloud.google.com/go/storage"
	"golang.org/x/mod/sumdb/note"
)

// document is the part of a manifest that says what is stored.
type document struct {
	Backup   string `json:"backup"`
	Attempt  string `json:"attempt"`
	Database string `json:"database"`
	Day      string `json:"day"`
	Archive  stored `json:"archive"`
	Globals  stored `json:"globals"`
}

type stored struct {
	Bucket     string `json:"bucket"`
	Object     string `json:"object"`
	Generation int64  `json:"generation"`
	Bytes      int64  `json:"bytes"`
	SHA256     string `json:"sha256"`
	CRC32C     uint32 `json:"crc32c"`
}

// looked is one object of the bucket with its content.
type looked struct {
	attrs   *storage.ObjectAttrs
	content []byte
}

// is reports whether an object is the one that a manifest names.
func (l looked) is(named stored) bool {
	return l.attrs.Generation == named.Generation && l.attrs.Size == named.Bytes &&
		l.attrs.CRC32C == named.CRC32C && sum(l.content) == named.SHA256
}

// checkBucket compares the bucket with the catalogue: everything that a good
// backup names is there, whole and readable to its end; nothing is there that
// nobody announced; nothing lingers after its deletion.
func (w *World) checkBucket(ctx context.Context, held catalogue, found *findings) error {
	there, err := w.lookAt(ctx, w.Rules.Storage.Backups, "bucket", found)
	if err != nil {
		return err
	}
	announced := map[string]objectRow{}
	for _, row := range held.objects {
		announced[row.Name] = row
	}
	for name, one := range there {
		row, known := announced[name]
		switch {
		case !known:
			found.addf("bucket", "%s was never announced", name)
			continue
		case row.PrunedAt != nil:
			found.addf("bucket", "%s is recorded as gone", name)
		}
		if err := w.checkWhole(ctx, row.Kind, one, found); err != nil {
			return err
		}
	}
	for _, row := range held.backups {
		if row.State == stateGood {
			w.checkBackup(row, held, there, found)
		}
	}
	return nil
}

// lookAt reads a whole bucket, every generation of it, for the check of that name.
func (w *World) lookAt(ctx context.Context, bucket, check string, found *findings) (map[string]looked, error) {
	listed, err := w.list(ctx, bucket, &storage.Query{Versions: true})
	if err != nil {
		return nil, err
	}
	there := map[string]looked{}
	for _, attrs := range listed {
		if _, twice := there[attrs.Name]; twice || !attrs.Deleted.IsZero() {
			found.addf(check, "%s has more than one generation", attrs.Name)
			continue
		}
		content, err := w.generation(ctx, bucket, attrs.Name, attrs.Generation)
		if err != nil {
			return nil, err
		}
		if int64(len(content)) != attrs.Size || crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)) != attrs.CRC32C {
			found.addf(check, "%s is not what its attributes say", attrs.Name)
		}
		there[attrs.Name] = looked{attrs: attrs, content: content}
	}
	return there, nil
}

// checkWhole reads one object to its end, be it part of a backup or left by an
// attempt that was killed: a cut object is never left.
func (w *World) checkWhole(ctx context.Context, kind string, one looked, found *findings) error {
	name := one.attrs.Name
	if kind == "manifest" {
		if _, err := w.openManifest(one.content); err != nil {
			found.addf("archive", "%s: %v", name, err)
		}
		return nil
	}
	key := fmt.Sprintf("%s#%d#%x", name, one.attrs.Generation, sha256.Sum256(one.content))
	if _, done := w.proven[key]; done {
		return nil
	}
	reason, err := w.readArchive(ctx, kind, one.content)
	if err != nil {
		return err
	}
	if reason != "" {
		found.addf("archive", "%s: %s", name, reason)
		return nil
	}
	w.proven[key] = kind
	return nil
}

// checkBackup follows one good row of the catalogue to its objects.
func (w *World) checkBackup(row backupRow, held catalogue, there map[string]looked, found *findings) {
	of := row.Database + " " + row.Day
	manifest, ok := there[row.ManifestObject]
	if !ok {
		found.addf("bucket", "%s has lost its manifest", of)
		return
	}
	if manifest.attrs.Generation != row.ManifestGen || sum(manifest.content) != row.ManifestSHA256 {
		found.addf("bucket", "%s has another manifest than the catalogue says", of)
	}
	says, err := w.openManifest(manifest.content)
	if err != nil {
		return // checkWhole has said it
	}
	if says.Backup != row.ID || says.Attempt != row.Attempt || says.Database != row.Database || says.Day != row.Day {
		found.addf("bucket", "%s has the manifest of another backup", of)
	}
	for kind, object := range map[string]stored{"archive": says.Archive, "globals": says.Globals} {
		one, ok := there[object.Object]
		if !ok || object.Bucket != w.Rules.Storage.Backups {
			found.addf("bucket", "%s has lost its %s", of, kind)
			continue
		}
		if !one.is(object) {
			found.addf("bucket", "%s has another %s than its manifest says", of, kind)
		}
	}
	checkSums(row, held, says, manifest.attrs.Size, found)
}

// checkSums compares what the catalogue adds up with what the manifest names.
func checkSums(row backupRow, held catalogue, says document, manifestBytes int64, found *findings) {
	of := row.Database + " " + row.Day
	total := says.Archive.Bytes + says.Globals.Bytes + manifestBytes
	if total != row.Bytes {
		found.addf("catalogue", "%s says %d bytes, its objects have %d", of, row.Bytes, total)
	}
	mine := slices.DeleteFunc(slices.Clone(held.objects), func(o objectRow) bool { return o.Attempt != row.Attempt || o.BackupID != row.ID })
	if len(mine) != 3 { //nolint:mnd // archive, globals and manifest
		found.addf("catalogue", "%s lists %d objects of its attempt", of, len(mine))
	}
}

// openManifest reads the document of a database's manifest.
func (w *World) openManifest(content []byte) (says document, err error) {
	err = w.openLine("steward-backup/1", content, &says)
	return says, err
}

// openLine checks the signature of a manifest with the pinned key and reads what it
// says.
func (w *World) openLine(format string, content []byte, into any) error {
	line, signed, cut := bytes.Cut(content, []byte("\n"))
	if !cut {
		return errCut
	}
	verifier, err := note.NewVerifier(w.Rules.Keys.Manifest)
	if err != nil {
		return fmt.Errorf("reading the pinned key: %w", err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return fmt.Errorf("its signature does not hold: %w", err)
	}
	if opened.Text != format+"\n"+sum(line)+"\n" {
		return errSignature
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	return nil
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}
