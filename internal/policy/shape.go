package policy

import (
	"time"

	"steward/internal/calendar"
	"steward/internal/promise"
)

func policyShape() shape[Policy] {
	return shape[Policy]{
		leaf("version", "The version of this format.", versionKind(), func(p *Policy) *int { return &p.Version }),
		section("company", "Whose policy it is.", companyShape(), func(p *Policy) *Company { return &p.Company }),
		section("storage", "The buckets. No two may be the same.", storageShape(), func(p *Policy) *Storage { return &p.Storage }),
		section("keys",
			"The public keys that evidence is checked with. Two different keys.",
			keysShape(), func(p *Policy) *Keys { return &p.Keys }),
		section("promises",
			"What is promised. Only backups and ledger must stand here.",
			promisesShape(), func(p *Policy) *Promises { return &p.Promises }),
		list("alerts", "How people are told of what is at risk or broken.", alertShape(), func(p *Policy) *[]Alert { return &p.Alerts }),
		optional(list("heartbeats",
			"URLs outside that are called only after good evidence was read.",
			heartbeatShape(), func(p *Policy) *[]Heartbeat { return &p.Heartbeats })),
		maybe("mail", "How the company writes to people; without it, it writes no mail.", mailShape(), func(p *Policy) **Mail { return &p.Mail }),
		optional(section("records", "How long Steward keeps its own dated records. Evidence is not among them.",
			recordsShape(), func(p *Policy) *Records { return &p.Records })),
		optional(list("exceptions", "What erasures leave, for a time and on a published basis.",
			exceptionShape(), func(p *Policy) *[]Exception { return &p.Exceptions })),
		optional(list("copies", "Copies of databases that Steward does not make: replicas, archives of the log, warehouses.",
			declaredCopyShape(), func(p *Policy) *[]DeclaredCopy { return &p.Copies })),
	}
}

func companyShape() shape[Company] {
	return shape[Company]{
		leaf("name", "How the company calls itself towards its customers.", textKind(), func(c *Company) *string { return &c.Name }),
		leaf("zone", "Where business days, months and years are counted.", zoneKind(), func(c *Company) **time.Location { return &c.Zone }),
		optional(leaf("contact", "Where people write about their data.", textKind(), func(c *Company) *string { return &c.Contact })),
	}
}

func storageShape() shape[Storage] {
	return shape[Storage]{
		leaf("backups", "Encrypted backups and their manifests.", bucketKind(), func(s *Storage) *string { return &s.Backups }),
		leaf("ledger", "The mirror of the ledger.", bucketKind(), func(s *Storage) *string { return &s.Ledger }),
		optional(leaf("replay",
			"What erasures need to be done again after a restore; needed where `promises.erasure` is enforced.",
			bucketKind(), func(s *Storage) *string { return &s.Replay })),
		optional(leaf("packages",
			"What is delivered to subjects. Not used yet.",
			bucketKind(), func(s *Storage) *string { return &s.Packages })),
		optional(leaf("kms_key",
			"The default key of every bucket in Cloud KMS, beside the encryption that Steward does. Without it, the service's own.",
			kmsKeyKind(), func(s *Storage) *string { return &s.KMSKey })),
		optional(leaf("files",
			"Encrypted contents of the app's files, with their manifests; needed where `promises.backups.files` stands.",
			bucketKind(), func(s *Storage) *string { return &s.Files })),
	}
}

func keysShape() shape[Keys] {
	return shape[Keys]{
		leaf("manifest",
			"Verifies the manifests of backups; pinned here, never read from the bucket.",
			verifierKind(), func(k *Keys) *string { return &k.Manifest }),
		leaf("ledger", "Verifies the checkpoints of the ledger.", verifierKind(), func(k *Keys) *string { return &k.Ledger }),
		optional(leaf("certificate",
			"Verifies the certificates of erasures; needed where `promises.erasure` is enforced.",
			verifierKind(), func(k *Keys) *string { return &k.Certificate })),
	}
}

func alertShape() shape[Alert] {
	return shape[Alert]{
		leaf("kind", "A line in the worker's log, a mail, or an event for the webhook endpoints.",
			choiceKind(AlertLog, AlertMail, AlertWebhook), func(a *Alert) *AlertKind { return &a.Kind }),
		optional(leaf("to", "The address that is written to; of mail only.", addressKind(), func(a *Alert) *string { return &a.To })),
		optional(leaf("language", "What is read there; of mail only. Without it, English.",
			choiceKind("en", "fr"), func(a *Alert) *string { return &a.Language })),
	}
}

func heartbeatShape() shape[Heartbeat] {
	var names []promise.Name
	for _, row := range promise.Table() {
		names = append(names, row.Name)
	}
	promises := choiceKind(names...)
	promises.Form = "the name of a promise, such as backups"
	return shape[Heartbeat]{
		leaf("promise", "The promise that the calls are about.", promises, func(h *Heartbeat) *promise.Name { return &h.Promise }),
		leaf("url_env",
			"The environment variable that holds the URL, which is a secret.",
			variableKind(), func(h *Heartbeat) *string { return &h.URLEnv }),
	}
}

// duration is a leaf of any duration, exact one of minutes, hours or days.
func duration[T any](key, doc string, into func(*T) *calendar.Duration) field[T] {
	return leaf(key, doc, durationKind(), into)
}

func exact[T any](key, doc string, into func(*T) *calendar.Duration) field[T] {
	return leaf(key, doc, exactKind(), into)
}
