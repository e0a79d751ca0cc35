package failure

// The codes of sealed records, mail and webhooks.
const (
	CaseKeyGone       Code = "case_key_gone"
	CaseKeyWrong      Code = "case_key_wrong"
	MailServerRefused Code = "mail_server_refused"
	MailDeferred      Code = "mail_deferred"
	MailRefused       Code = "mail_refused"
	MailUncertain     Code = "mail_uncertain"
	LetterInvalid     Code = "letter_invalid"
	WebhookURLRefused Code = "webhook_url_refused"
	WebhookAnswer     Code = "webhook_answer"
	WebhookGone       Code = "webhook_gone"
	UnknownEndpoint   Code = "unknown_endpoint"
	UnknownDelivery   Code = "unknown_delivery"
	DeliveryBusy      Code = "delivery_busy"
	TooManyEndpoints  Code = "too_many_endpoints"
)

// messages are the rows about sealed records, mail and webhooks.
func messages() []Row {
	const (
		letters   = "See each letter with: steward mail preview"
		seeMail   = "See docs/mail.md, then run: steward doctor"
		endpoints = "See docs/webhooks.md, then run: steward doctor"
	)

	return []Row{
		{
			CaseKeyGone, "the key of this case was destroyed at its end", "What it sealed cannot be opened again, which is meant.",
			false, Refused, false,
		},
		{
			CaseKeyWrong, "this master key does not open it",
			"Put the master key that wrapped it into master.key (docs/keys.md), then run: steward doctor", true, Refused, false,
		},
		{MailServerRefused, "the mail server does not work with us", seeMail, true, Failed, false},
		{
			MailDeferred, "the mail server asks to try this mail later", "It is tried again by itself; docs/mail.md says for how long.",
			true, Failed, false,
		},
		{MailRefused, "the mail server refused this mail for good", "See docs/mail.md for what the answers mean.", false, Failed, false},
		{
			MailUncertain, "the connection was lost while the mail server had the mail",
			"It is sent once more with the same Message-ID; see docs/mail.md.", true, Failed, false,
		},
		{LetterInvalid, "the letter cannot be written", letters, false, Failed, false},
		{
			WebhookURLRefused, "a webhook must not go to that address",
			"Use an https address with a public host; see docs/webhooks.md.", false, Refused, false,
		},
		{WebhookAnswer, "the endpoint did not answer with 2xx", endpoints, true, Failed, false},
		{WebhookGone, "the endpoint answered that it is gone for good", endpoints, false, Failed, false},
		{UnknownEndpoint, "there is no such webhook endpoint", "See docs/webhooks.md.", false, Usage, false},
		{UnknownDelivery, "there is no such delivery, or it needs no retry", "See docs/webhooks.md.", false, Usage, false},
		{
			DeliveryBusy, "this delivery is being tried at this moment", "Wait two minutes, then look at it with: steward webhook deliveries",
			true, Refused, false,
		},
		{TooManyEndpoints, "there are as many webhook endpoints as there may be", "Delete one that is not used any more.", false, Refused, false},
	}
}
