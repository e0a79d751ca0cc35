package filebackup_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/filestest"
	"steward/internal/gcs"
)

// gcloud stands in for Google's program: any download and upload would do. It speaks
// to the emulator of the test.
const gcloud = `#!/bin/bash
set -euo pipefail
uri() { jq -rn --arg text "$1" '$text | @uri'; }
web() { curl --silent --show-error --fail --path-as-is --globoff "$@"; }
[ "$1" = storage ]; verb=$2; shift 2
headers='{}'; at=()
for word; do
  case "$word" in
  --long) ;;
  --*=*) headers=$(jq -c --arg flag "${word%%=*}" --arg value "${word#*=}" \
      '. + {($flag[2:] | gsub("-(?<c>.)"; .c | ascii_upcase)): $value}' <<< "$headers") ;;
  *) at+=("$word") ;;
  esac
done
bucket() { local rest=${1#gs://}; echo "${rest%%/*}"; }
object() { local rest=${1#gs://}; echo "${rest#*/}"; }
case "$verb" in
ls)
  web "$ENDPOINT/storage/v1/b/$(bucket "${at[0]}")/o?prefix=$(uri "$(object "${at[0]%\*\*}")")" |
    jq -r '.items[] | "\(.size)  \(.timeCreated)  gs://\(.bucket)/\(.name)"'
  echo 'TOTAL: some objects' ;;
cp)
  if [[ ${at[0]} = gs://* ]]; then
    from=${at[0]} generation=
    if [[ $from = *#* ]]; then generation="&generation=${from##*#}" from=${from%#*}; fi
    web -o "${at[1]}" "$ENDPOINT/storage/v1/b/$(bucket "$from")/o/$(uri "$(object "$from")")?alt=media$generation"
  else
    to="b/$(bucket "${at[1]}")/o" name=$(uri "$(object "${at[1]}")")
    web -o /dev/null -X POST --data-binary "@${at[0]}" -H 'Content-Type: application/octet-stream' "$ENDPOINT/upload/storage/v1/$to?uploadType=media&name=$name"
    web -o /dev/null -X PATCH --data "$headers" -H 'Content-Type: application/json' "$ENDPOINT/storage/v1/$to/$name"
  fi ;;
*) exit 2 ;;
esac
`

// odd are names that an object may have and a file mostly not.
func odd() []string {
	return []string{
		" ", "../up", "/", "Jane Doe ☂ <1>.txt", "a", "a/", "a//b", "a/b", "back\\slash \\n", "per%41cent", "quotes ' \" ` $HOME $(x)", "tab\there", "~", "é", "💾",
	}
}

// byHand is somebody with the page, the buckets and an identity.
type byHand struct {
	*filestest.Bench

	script string
	values map[string]string
}

func newByHand(t *testing.T) *byHand {
	t.Helper()

	for _, program := range []string{"bash", "age", "zstd", "jq", "openssl", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here: restoring files by hand was not tried; .ci/run installs it", program)
		}
	}

	page, err := os.ReadFile("../../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}

	h := &byHand{Bench: filestest.New(t), values: map[string]string{"bucket": "steward-files", "files": "uploads", "day": "2026-11-22"}}

	for _, block := range regexp.MustCompile("(?s)\n```(sh[^\n]*)\n(.*?)\n```\n").FindAllStringSubmatch(string(page), -1) {
		if block[1] == "sh values" {
			block[2] = "#values"
		}

		h.script += block[2] + "\n"
	}

	if strings.Count(h.script, "#values") != 1 || !strings.Contains(h.script, "openssl pkeyutl -verify") {
		t.Fatalf("the page has lost its commands:\n%s", h.script)
	}

	// The page asks for what is filled in here, and for nothing else.
	asked := regexp.MustCompile("(?s)\n```sh values\n(.*?)\n```\n").FindStringSubmatch(string(page))[1]
	if names := regexp.MustCompile(`(?m)^([a-z_]+)=`).FindAllString(asked, -1); strings.Join(names, "") != "bucket=files=day=manifest_key=identity=target=" {
		t.Fatalf("the page asks for %q", names)
	}

	h.keys(t)

	return h
}

// keys makes those of the installation, and an escrow's.
func (h *byHand) keys(t *testing.T) {
	t.Helper()

	private, public, err := note.GenerateKey(rand.Reader, "manifest")
	if err != nil {
		t.Fatal(err)
	}

	if h.Signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}

	if h.Driller.Verifier, err = note.NewVerifier(public); err != nil {
		t.Fatal(err)
	}

	escrow, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	h.Taker.Signer, h.Taker.Recipients = h.Signer, append(h.Taker.Recipients, escrow.Recipient())
	h.values["manifest_key"], h.values["identity"] = public, filepath.Join(t.TempDir(), "escrow.identity")

	if err := os.WriteFile(h.values["identity"], []byte("# made far away\n"+escrow.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// restore follows the page in a fresh directory, into an empty bucket, and gives what
// was printed.
func (h *byHand) restore(t *testing.T, target string) (string, error) {
	t.Helper()

	h.Made(t, target)

	work := t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "gcloud"), []byte(gcloud), 0o700); err != nil {
		t.Fatal(err)
	}

	values := "target=" + target + "\n"
	for name, value := range h.values {
		values += name + "='" + value + "'\n"
	}

	path := filepath.Join(work, "by-hand.sh")
	if err := os.WriteFile(path, []byte(strings.Replace(h.script, "#values", values, 1)), 0o600); err != nil {
		t.Fatal(err)
	}

	command := exec.CommandContext(t.Context(), "bash", path)
	command.Dir = work
	command.Env = []string{
		"PATH=" + work + ":" + os.Getenv("PATH"), "LC_ALL=C", "ENDPOINT=" + strings.TrimSuffix(h.Storage.URL(), "/storage/v1/"),
	}
	output, err := command.CombinedOutput()

	return string(output), err
}

// file is what a bucket has under a name.
type file struct {
	Content string
	Headers gcs.Headers
}

func (h *byHand) files(t *testing.T, bucket string) map[string]file {
	t.Helper()

	found := map[string]file{}
	client := h.Client.Bucket(bucket)

	for object, err := range client.List(t.Context(), "", gcs.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}

		reader, _, err := client.Get(t.Context(), object.Name, object.Generation)
		if err != nil {
			t.Fatal(err)
		}

		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}

		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}

		found[object.Name] = file{Content: string(content), Headers: object.Headers}
	}

	return found
}

// fill gives the app files whose names, contents and headers are as odd as may be.
func (h *byHand) fill(t *testing.T) {
	t.Helper()

	for _, name := range odd() {
		h.Write(t, name, "the content of "+name)
	}

	h.Write(t, "empty", "")
	h.Write(t, "noise", noise(300_000))

	packed := h.Storage.Client(t).Bucket("app-uploads").Object("page.html").NewWriter(t.Context())
	packed.ContentType, packed.ContentEncoding, packed.CacheControl = "text/html; charset=utf-8", "gzip", "private, max-age=3"
	packed.ContentDisposition, packed.ContentLanguage = `attachment; filename="a b.html"`, "de"

	if _, err := packed.Write([]byte("\x1f\x8b these bytes are not really gzip")); err != nil {
		t.Fatal(err)
	}

	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
}

// Whoever has the page, the bucket and the escrow's identity has all files, under
// their names, and is told when one is not what was signed.
func TestFilesAreRestoredByHand(t *testing.T) {
	t.Parallel()

	h := newByHand(t)
	h.fill(t)

	taken := h.Take(t)
	want := h.files(t, "app-uploads")

	if len(want) != len(odd())+3 {
		t.Fatalf("%d files", len(want))
	}

	// The app changes all of it afterwards.
	h.Unlink(t, "noise")
	h.Write(t, "empty", "not any more")

	if output, err := h.restore(t, "restored"); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	if diff := cmp.Diff(want, h.files(t, "restored")); diff != "" {
		t.Error(diff)
	}

	h.damaged(t, taken, want)
}

// damaged restores what somebody damaged, one way after the other.
func (h *byHand) damaged(t *testing.T, taken filecatalogue.Backup, want map[string]file) {
	t.Helper()

	refused := func(target, says string) {
		t.Helper()

		output, err := h.restore(t, target)
		if err == nil || !strings.Contains(output, says) || len(h.files(t, target)) > 0 {
			t.Errorf("%s: %v\n%s", target, err, output)
		}
	}

	// One content is damaged: the others are restored, and it is named.
	header := h.Header(t, taken)
	lost := list(t, h.Bench, taken, h.Driller.Identities[0])[3]
	stored := h.Read(t, lost.Content.Object, lost.Content.Generation)
	h.Replace(t, lost.Content.Object, append(bytes.Clone(stored), 0))

	output, err := h.restore(t, "all-but-one")
	if err == nil || !strings.Contains(output, "damaged are lines 4 of the list") {
		t.Errorf("%v\n%s", err, output)
	}

	rest := h.files(t, "all-but-one")
	if _, there := rest[lost.Name]; there || len(rest) != len(want)-1 {
		t.Errorf("%d of %d files, the damaged one among them: %v", len(rest), len(want), there)
	}

	// A header of another day under this day's name, one of another key, one whose line was
	// changed, and a list that is not the one of the header.
	forge := func(signer note.Signer, change func(*filemanifest.Header)) {
		t.Helper()

		other := header
		change(&other)

		signed, err := filemanifest.Sign(other, signer)
		if err != nil {
			t.Fatal(err)
		}

		h.Replace(t, taken.ManifestObject, signed)
	}

	forge(h.Signer, func(other *filemanifest.Header) { other.Day = "2026-11-21" })
	refused("of-another-day", "Signature Verified Successfully")
	forge(h.Signer, func(other *filemanifest.Header) { other.List.SHA256 = strings.Repeat("0", 64) })
	refused("of-another-list", "list.age: FAILED")
	forge(h.Signer, func(other *filemanifest.Header) { other.Count++ })
	refused("of-more-files", "list.age: OK")

	genuine := h.Read(t, taken.ManifestObject, 0)
	h.Replace(t, taken.ManifestObject, bytes.Replace(genuine, []byte(`"vanished":0`), []byte(`"vanished":1`), 1))
	refused("of-a-changed-line", "differ")

	private, _, err := note.GenerateKey(rand.Reader, "manifest")
	if err != nil {
		t.Fatal(err)
	}

	stranger, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}

	forge(stranger, func(*filemanifest.Header) {})
	refused("of-another-key", "")
}
