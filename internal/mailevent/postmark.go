package mailevent

import (
	"slices"
	"strconv"
	"time"

	"steward/internal/mail"
)

// Postmark is a webhook of Postmark (postmarkapp.com/developer/webhooks), as far as it
// is read. Bounce, SpamComplaint and Delivery share this form.
type Postmark struct {
	// RecordType is Bounce, SpamComplaint, Delivery or one of those that are not read.
	RecordType string
	// ID is that of a bounce or complaint; 0 for a delivery.
	ID int64
	// Type is why it bounced, such as HardBounce.
	Type string
	// MessageID is Postmark's own id of the message.
	MessageID string
	// Metadata is what the mail's header gave it to keep.
	Metadata map[string]string
	// BouncedAt and DeliveredAt are when it happened; the other one is zero.
	BouncedAt, DeliveredAt time.Time
}

// providerPostmark is its name in the rows.
const providerPostmark = "postmark"

// arrived are the types of "bounces" that say that the mail arrived, or that say nothing
// of it: answers of machines, wishes about lists, tests. Every other type counts as a
// bounce, those that are not known too: what is not proven to have arrived has not.
func arrived() []string {
	return []string{"AutoResponder", "Subscribe", "Unsubscribe", "OpenRelayTest"}
}

// Event reads the record; false for one that tells nothing of a mail of ours.
func (p Postmark) Event() (Event, bool) {
	event := Event{Mail: p.Metadata[mail.MetadataKey], Provider: providerPostmark, Reason: word(p.Type), At: p.BouncedAt}
	event.Reference = strconv.FormatInt(p.ID, 10)

	switch p.RecordType {
	case "Bounce":
		event.Kind = Bounced
	case "SpamComplaint":
		event.Kind = Complained
	case "Delivery":
		event.Kind, event.Reference, event.At, event.Reason = Delivered, p.MessageID, p.DeliveredAt, ""
	default:
		return Event{}, false
	}

	known := ours(event.Mail) && plain(event.Reference) && event.Reference != "0" && !event.At.IsZero()

	return event, known && (event.Kind != Bounced || !slices.Contains(arrived(), p.Type))
}
