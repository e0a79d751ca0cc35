package mailevent_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"steward/internal/mailevent"
)

// read is one of the documented examples, with the metadata that our header asks for.
func read(t *testing.T, name string) mailevent.Postmark {
	t.Helper()

	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}

	var record mailevent.Postmark
	if err := json.Unmarshal(text, &record); err != nil {
		t.Fatal(err)
	}

	return record
}

const ours = "mail_aaaaaaaaaaaaaaaaaaaaaaaaaa"

func TestPostmark(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]mailevent.Event{
		"postmark_bounce.json": {
			Mail: ours, Kind: mailevent.Bounced, Provider: "postmark", Reference: "692560173", Reason: "HardBounce",
			At: time.Date(2019, 11, 5, 16, 33, 54, 0, time.UTC),
		},
		"postmark_complaint.json": {
			Mail: ours, Kind: mailevent.Complained, Provider: "postmark", Reference: "42", Reason: "SpamComplaint",
			At: time.Date(2019, 11, 5, 16, 33, 54, 0, time.UTC),
		},
		"postmark_delivery.json": {
			Mail: ours, Kind: mailevent.Delivered, Provider: "postmark", Reference: "883953f4-6105-42a2-a16a-77a8eac79483",
			At: time.Date(2019, 11, 5, 16, 33, 54, 0, time.UTC),
		},
	} {
		if got, known := read(t, name).Event(); !known || got != want {
			t.Errorf("%s: %+v, %v", name, got, known)
		}
	}
}

func TestPostmarkThatTellsNothing(t *testing.T) {
	t.Parallel()

	for name, spoil := range map[string]func(*mailevent.Postmark){
		"open":            func(p *mailevent.Postmark) { p.RecordType = "Open" },
		"not ours":        func(p *mailevent.Postmark) { p.Metadata = map[string]string{"steward-mail": "mail_x"} },
		"no metadata":     func(p *mailevent.Postmark) { p.Metadata = nil },
		"no id":           func(p *mailevent.Postmark) { p.ID = 0 },
		"no time":         func(p *mailevent.Postmark) { p.BouncedAt = time.Time{} },
		"auto responder":  func(p *mailevent.Postmark) { p.Type = "AutoResponder" },
		"open relay test": func(p *mailevent.Postmark) { p.Type = "OpenRelayTest" },
	} {
		record := read(t, "postmark_bounce.json")
		spoil(&record)

		if got, known := record.Event(); known {
			t.Errorf("%s: %+v", name, got)
		}
	}

	// A type that is not known is no proof that the mail arrived; its word must be one.
	for _, strange := range []string{"SomethingNew", "a b@c", strings.Repeat("x", 61)} {
		record := read(t, "postmark_bounce.json")
		record.Type = strange

		if got, known := record.Event(); !known || got.Kind != mailevent.Bounced || strings.ContainsAny(got.Reason, " @") || len(got.Reason) > 60 {
			t.Errorf("%s: %+v, %v", strange, got, known)
		}
	}
}
