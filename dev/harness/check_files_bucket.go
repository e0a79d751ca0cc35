package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"cloud.google.com/go/storage"

	"steward/dev/internal/devkeys"
)

// filesDocument is the part of a header that says what is stored.
type filesDocument struct {
	Backup      string    `json:"backup"`
	Attempt     string    `json:"attempt"`
	Files       string    `json:"files"`
	Day         string    `json:"day"`
	SnapshotAt  time.Time `json:"snapshot_at"`
	List        stored    `json:"list"`
	Count       int64     `json:"count"`
	SourceBytes int64     `json:"source_bytes"`
	StoredBytes int64     `json:"stored_bytes"`
}

// filesLine is one line of a list.
type filesLine struct {
	Name       string `json:"name"`
	Generation int64  `json:"generation"`
	Bytes      int64  `json:"bytes"`
	CRC32C     uint32 `json:"crc32c"`
	SHA256     string `json:"sha256"`
	Content    struct {
		ID         string `json:"id"`
		Object     string `json:"object"`
		Generation int64  `json:"generation"`
		Bytes      int64  `json:"bytes"`
		SHA256     string `json:"sha256"`
	} `json:"content"`
}

// checkFileObjects looks at every object that is stored: somebody announced it,
// nobody recorded it as gone, and it is whole, those of killed attempts too.
func (w *World) checkFileObjects(held filesCatalogue, there map[string]looked, found *findings) error {
	objects, contents := map[string]objectRow{}, map[string]contentRow{}
	for _, row := range held.objects {
		objects[row.Name] = row
	}
	for _, row := range held.contents {
		contents[row.Object] = row
	}
	for name, one := range there {
		object, isObject := objects[name]
		content, isContent := contents[name]
		var err error
		switch {
		case !isObject && !isContent:
			found.addf(filesCheck, "%s was never announced", name)
		case object.PrunedAt != nil || content.GoneAt != nil:
			found.addf(filesCheck, "%s is recorded as gone", name)
		case object.Kind == "manifest":
			if err := w.openLine("steward-files/1", one.content, &filesDocument{}); err != nil {
				found.addf(filesCheck, "%s: %v", name, err)
			}
		default:
			err = w.checkOpened(name, one, content, found)
		}
		if err != nil {
			return err
		}
	}
	checkContentRows(held, there, found)
	return nil
}

// checkOpened opens a list or a content; content is the zero row for a list.
func (w *World) checkOpened(name string, one looked, content contentRow, found *findings) error {
	plain, reason, err := w.plain(one)
	switch {
	case err != nil:
		return err
	case reason != "":
		found.addf(filesCheck, "%s: %s", name, reason)
	case content.Object != "" && content.BadAt == nil && content.Generation == one.attrs.Generation && sum(plain) != content.PlainSHA256:
		found.addf(filesCheck, "%s has another content than the catalogue says", name)
	}
	return nil
}

// checkContentRows looks for every good content that the catalogue says is stored.
func checkContentRows(held filesCatalogue, there map[string]looked, found *findings) {
	for _, row := range held.contents {
		one, ok := there[row.Object]
		if row.Generation == 0 || row.GoneAt != nil || row.BadAt != nil {
			continue
		}
		if !ok || one.attrs.Generation != row.Generation || one.attrs.Size != row.Bytes || sum(one.content) != row.SHA256 {
			found.addf(filesCheck, "%s is not there as the catalogue says", row.Object)
		}
	}
}

// plain decrypts an object with the drill's and with the escrow's identity and
// unpacks it to its end, or gives the reason why it is no good. What an object holds
// never changes, so it is done once.
func (w *World) plain(one looked) (plain []byte, reason string, err error) {
	key := fmt.Sprintf("%s#%s", one.attrs.Name, sum(one.content))
	if plain, known := w.opened[key]; known {
		return plain, "", nil
	}
	if !bytes.HasPrefix(one.content, []byte(ageHead)) {
		return nil, "it is not encrypted", nil
	}
	for _, holder := range []string{devkeys.Drill, devkeys.Escrow} {
		identities, err := w.identities(holder)
		if err != nil {
			return nil, "", err
		}
		if plain, err = open(one.content, identities); err != nil {
			return nil, fmt.Sprintf("%s cannot read it: %v", holder, err), nil
		}
	}
	w.opened[key] = plain
	return plain, "", nil
}

// checkFileDays follows each good day to its list, and to every content of it. The
// newest must have every file that the app had before it and has still.
func (w *World) checkFileDays(ctx context.Context, held filesCatalogue, there map[string]looked, found *findings) error {
	contents := map[string]contentRow{}
	for _, row := range held.contents {
		contents[row.ID] = row
	}
	var newest filesDocument
	var lines []filesLine
	for _, row := range held.backups {
		if row.State != stateGood {
			continue
		}
		says, ok := w.checkFileHeader(row, there, found)
		if !ok {
			continue
		}
		listed, ok, err := w.readList(row, says, there, found)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		w.checkLines(row, says, listed, contents, there, found)
		if says.SnapshotAt.After(newest.SnapshotAt) {
			newest, lines = says, listed
		}
	}
	if newest.Backup == "" {
		return nil
	}
	return w.checkNothingForgotten(ctx, newest, lines, found)
}

// checkFileHeader follows a row of the catalogue to its signed header and its list.
func (w *World) checkFileHeader(row filesRow, there map[string]looked, found *findings) (says filesDocument, ok bool) {
	header, ok := there[row.ManifestObject]
	if !ok {
		found.addf(filesCheck, "%s has lost its manifest", row.of())
		return says, false
	}
	if header.attrs.Generation != row.ManifestGen || sum(header.content) != row.ManifestSHA256 {
		found.addf(filesCheck, "%s has another manifest than the catalogue says", row.of())
	}
	if err := w.openLine("steward-files/1", header.content, &says); err != nil {
		return says, false // the look at the object has told it
	}
	if !says.of(row) {
		found.addf(filesCheck, "%s has the manifest of another backup", row.of())
	}
	list, ok := there[says.List.Object]
	if !ok || says.List.Bucket != w.Rules.Storage.Files {
		found.addf(filesCheck, "%s has lost its list", row.of())
		return says, false
	}
	if !list.is(says.List) {
		found.addf(filesCheck, "%s has another list than its manifest says", row.of())
	}
	return says, true
}

// of reports whether a header is that of a row.
func (d filesDocument) of(row filesRow) bool {
	return d.Backup == row.ID && d.Attempt == row.Attempt && d.Files == row.Set && d.Day == row.Day &&
		row.SnapshotAt != nil && d.SnapshotAt.Equal(*row.SnapshotAt) && d.Count == row.Files && d.SourceBytes == row.Bytes
}

// readList opens the encrypted list of a day.
func (w *World) readList(
	row filesRow, says filesDocument, there map[string]looked, found *findings,
) (lines []filesLine, ok bool, err error) {
	plain, reason, err := w.plain(there[says.List.Object])
	if err != nil || reason != "" {
		return nil, false, err // the look at the object has told the reason
	}
	for text := range strings.Lines(string(plain)) {
		var line filesLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			found.addf(filesCheck, "%s has a list with a line that is no JSON", row.of())
			return nil, false, nil
		}
		lines = append(lines, line)
	}
	return lines, true, nil
}

// checkLines looks for every content that a list names, in its generation and size,
// with the content that the app had stored.
func (w *World) checkLines(
	row filesRow, says filesDocument, lines []filesLine, known map[string]contentRow, there map[string]looked, found *findings,
) {
	var last string
	var source, kept int64
	for i, line := range lines {
		if i > 0 && line.Name <= last {
			found.addf(filesCheck, "%s lists files out of order", row.of())
		}
		last = line.Name
		source += line.Bytes
		kept += line.Content.Bytes
		content := known[line.Content.ID]
		if content.Object != line.Content.Object || content.FirstAt.After(says.SnapshotAt) || content.NewestAt.Before(says.SnapshotAt) {
			found.addf(filesCheck, "%s names the content %s, of which the catalogue does not know so", row.of(), line.Content.ID)
		}
		if content.BadAt == nil { // else condemned after this day was proven; docs/files.md says what that means
			w.checkLine(row, line, there, found)
		}
	}
	if int64(len(lines)) != says.Count || source != says.SourceBytes || kept != says.StoredBytes {
		found.addf(filesCheck, "%s has a list that does not add up to its manifest", row.of())
	}
}

// checkLine looks for the content of one line, and whether it is the file.
func (w *World) checkLine(row filesRow, line filesLine, there map[string]looked, found *findings) {
	one, ok := there[line.Content.Object]
	if !ok {
		found.addf(filesCheck, "%s has lost the content %s", row.of(), line.Content.ID)
		return
	}
	if one.attrs.Generation != line.Content.Generation || one.attrs.Size != line.Content.Bytes || sum(one.content) != line.Content.SHA256 {
		found.addf(filesCheck, "%s has another content %s than its list says", row.of(), line.Content.ID)
	}
	plain, reason, err := w.plain(one)
	if err != nil || reason != "" {
		return // the look at the object has told it
	}
	crc := crc32.Checksum(plain, crc32.MakeTable(crc32.Castagnoli))
	if int64(len(plain)) != line.Bytes || sum(plain) != line.SHA256 || crc != line.CRC32C {
		found.addf(filesCheck, "%s does not have the file of its line in the content %s", row.of(), line.Content.ID)
	}
}

// checkNothingForgotten compares the newest list with the app's bucket itself: what
// is older than the snapshot and lives still is in it. What the app did since is not
// this backup's affair.
func (w *World) checkNothingForgotten(ctx context.Context, says filesDocument, lines []filesLine, found *findings) error {
	listed, err := w.list(ctx, w.Rules.Promises.Backups.Files[0].Bucket, &storage.Query{})
	if err != nil {
		return err
	}
	named := map[string]int64{}
	for _, line := range lines {
		named[line.Name] = line.Generation
	}
	forgotten := 0
	for _, attrs := range listed {
		if attrs.Created.Before(says.SnapshotAt) && named[attrs.Name] != attrs.Generation {
			forgotten++
		}
	}
	if forgotten > 0 {
		found.addf(filesCheck, "files/%s %s lacks %d files of the app", says.Files, says.Day, forgotten)
	}
	return nil
}
