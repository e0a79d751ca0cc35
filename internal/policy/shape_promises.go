package policy

import (
	"steward/internal/calendar"
	"steward/internal/promise"
)

func promisesShape() shape[Promises] {
	return shape[Promises]{
		section("backups",
			"Backed up every day and stored for a fixed time.",
			backupsShape(), func(p *Promises) *Backups { return &p.Backups }),
		section("ledger",
			"The record of all evidence is complete and unchanged.",
			ledgerShape(), func(p *Promises) *Ledger { return &p.Ledger }),
		maybe("recovery",
			"A restored database opens only after erasures were replayed.",
			plainShape(), func(p *Promises) **Plain { return &p.Recovery }),
		maybe("login_records", "Records of logins are kept no longer than stated.", with(func(l *LoginRecords) *Plain { return &l.Plain },
			duration("keep", "How long they are kept.", func(l *LoginRecords) *calendar.Duration { return &l.Keep })),
			func(p *Promises) **LoginRecords { return &p.LoginRecords }),
		maybe("inactivity", "Accounts without life are erased.", with(func(i *Inactivity) *Plain { return &i.Plain },
			duration("after", "How long without interaction and payment.", func(i *Inactivity) *calendar.Duration { return &i.After })),
			func(p *Promises) **Inactivity { return &p.Inactivity }),
		maybe("requests", "Requests about personal data are answered in time.", with(func(r *Requests) *Plain { return &r.Plain },
			duration("answer_within",
				"How long an answer may take: at most a month (GDPR Article 12(3)).",
				func(r *Requests) *calendar.Duration { return &r.AnswerWithin })),
			func(p *Promises) **Requests { return &p.Requests }),
		maybe("erasure", "What is deleted is gone everywhere by a stated date.", erasureShape(),
			func(p *Promises) **Erasure { return &p.Erasure }),
		maybe("processors", "Whoever received data deletes it too.", with(func(p *Processors) *Plain { return &p.Plain },
			list("names", "The processors that are told.", shape[Processor]{
				leaf("name", "The short name of a processor.", nameKind(), func(p *Processor) *string { return &p.Name }),
			}, func(p *Processors) *[]Processor { return &p.Names })),
			func(p *Promises) **Processors { return &p.Processors }),
		maybe("offboarding", "Data is deleted at the end of the agreement.", plainShape(), func(p *Promises) **Plain { return &p.Offboarding }),
		maybe("subprocessors",
			"A new sub-processor is announced and can be objected to.",
			with(func(s *Subprocessors) *Plain { return &s.Plain },
				duration("object_within", "How long customers can object.", func(s *Subprocessors) *calendar.Duration { return &s.ObjectWithin })),
			func(p *Promises) **Subprocessors { return &p.Subprocessors }),
		maybe("breaches", "A breach is notified without delay.", with(func(b *Breaches) *Plain { return &b.Plain },
			exact("authority_within",
				"Notice to the authority: at most 72h (GDPR Article 33(1)).",
				func(b *Breaches) *calendar.Duration { return &b.AuthorityWithin }),
			exact("customers_within", "Notice to customers.", func(b *Breaches) *calendar.Duration { return &b.CustomersWithin })),
			func(p *Promises) **Breaches { return &p.Breaches }),
		maybe("staff_access", "Staff enter an account by permission or review only.", with(func(s *StaffAccess) *Plain { return &s.Plain },
			exact("at_most", "How long a permission lasts.", func(s *StaffAccess) *calendar.Duration { return &s.AtMost })),
			func(p *Promises) **StaffAccess { return &p.StaffAccess }),
		maybe("agreements",
			"Agreements and reports are signed, mailed and filed.",
			plainShape(), func(p *Promises) **Plain { return &p.Agreements }),
		maybe("exposure", "TLS and reachability from outside are probed.", with(func(e *Exposure) *Plain { return &e.Plain },
			exact("scan_every", "How long one probe counts.", func(e *Exposure) *calendar.Duration { return &e.ScanEvery })),
			func(p *Promises) **Exposure { return &p.Exposure }),
		maybe("call_archive", "Calls to the public machines are archived, and end.", with(func(c *CallArchive) *Plain { return &c.Plain },
			duration("keep", "How long calls are kept.", func(c *CallArchive) *calendar.Duration { return &c.Keep })),
			func(p *Promises) **CallArchive { return &p.CallArchive }),
	}
}

func modeKind() kind[promise.Mode] { return choiceKind(promise.Observe, promise.Enforce) }

func textIDKind() kind[string] {
	return patternKind("the id of a sentence of your policy text, such as \"B-14\"", `[A-Z]{1,4}-[0-9]{1,4}`)
}

// plainShape has what every promise has.
func plainShape() shape[Plain] {
	return with(func(p *Plain) *Plain { return p })
}

// with returns what every promise has, and the fields of this one.
func with[T any](plain func(*T) *Plain, fields ...field[T]) shape[T] {
	return append(shape[T]{
		leaf("mode",
			"observe computes and shows, warns nobody and destroys nothing; enforce acts.",
			modeKind(), func(t *T) *promise.Mode { return &plain(t).Mode }),
		optional(leaf("text",
			"The sentence of the policy text that it keeps, as numbered in docs/promises.md.",
			textIDKind(), func(t *T) *string { return &plain(t).Text })),
	}, fields...)
}

func backupsShape() shape[Backups] {
	return with(func(b *Backups) *Plain { return &b.Plain },
		leaf("at",
			"When the day's backup begins, in UTC. Its date in the company's zone is the business day.",
			timeKind(), func(b *Backups) *calendar.TimeOfDay { return &b.At }),
		exact("done_within",
			"How long after `at` it must have been drilled; below catch_up.",
			func(b *Backups) *calendar.Duration { return &b.DoneWithin }),
		exact("catch_up",
			"How long after `at` a late backup still makes good the day; below 24h.",
			func(b *Backups) *calendar.Duration { return &b.CatchUp }),
		duration("keep",
			"How long a backup is kept, from its snapshot on: not less and not more; at least 2d.",
			func(b *Backups) *calendar.Duration { return &b.Keep }),
		exact("tolerance",
			"How long after keep a backup may still exist; below keep, at least 1h, since pruning is hourly.",
			func(b *Backups) *calendar.Duration { return &b.Tolerance }),
		leaf("when_backups_stop",
			"Whether the last drilled backup outlives its time when no younger one exists.",
			choiceKind(KeepLastDrilled, HonourCeiling), func(b *Backups) *WhenBackupsStop { return &b.WhenBackupsStop }),
		leaf("refuse_vulnerable_clients",
			"Whether PostgreSQL client programs with known holes are refused, not only warned about.",
			boolKind(), func(b *Backups) *bool { return &b.RefuseVulnerableClients }),
		maybe("limits", "What holds backups back for the sake of what they are taken from.",
			limitsShape(), func(b *Backups) **Limits { return &b.Limits }),
		list("databases", "What is backed up: at least one app database, and the steward database.", shape[Database]{
			leaf("name", "Its name in the catalogue and in workflow ids.", nameKind(), func(d *Database) *string { return &d.Name }),
			leaf("role", "What it is for.", choiceKind(RoleApp, RoleSteward), func(d *Database) *Role { return &d.Role }),
		}, func(b *Backups) *[]Database { return &b.Databases }),
		optional(list("files", "The app's files that are backed up with the databases.", filesShape(),
			func(b *Backups) *[]Files { return &b.Files })),
		optional(list("copies",
			"Other locations, in which every proven backup of a database lies too: copied after its drill, with the same end.",
			copiesShape(), func(b *Backups) *[]Copy { return &b.Copies })),
		list("recipients", "Whom backups are encrypted to: at least two, one of them an offline escrow, and one that is not.", shape[Recipient]{
			leaf("name", "Whose key it is.", nameKind(), func(r *Recipient) *string { return &r.Name }),
			leaf("key", "The public key.", recipientKind(), func(r *Recipient) *string { return &r.Key }),
			leaf("escrow",
				"Whether its private half is kept offline, away from every machine of Steward.",
				boolKind(), func(r *Recipient) *bool { return &r.Escrow }),
		}, func(b *Backups) *[]Recipient { return &b.Recipients }),
	)
}

func filesShape() shape[Files] {
	return shape[Files]{
		leaf("name", "Their name in the catalogue and in workflow ids; no database has it.", nameKind(),
			func(f *Files) *string { return &f.Name }),
		leaf("bucket", "The app's bucket. It must be none of Steward's own.", bucketKind(), func(f *Files) *string { return &f.Bucket }),
		optional(leaf("prefix", "What the names of those that are meant begin with; all of the bucket without it.", prefixKind(),
			func(f *Files) *string { return &f.Prefix })),
		optional(leaf("may_be_empty", "Whether a backup without any file is in order; else the promise is at risk until one has files.",
			boolKind(), func(f *Files) *bool { return &f.MayBeEmpty })),
	}
}

func ledgerShape() shape[Ledger] {
	return with(func(l *Ledger) *Plain { return &l.Plain },
		exact("verify_every", "How long one verification of both copies counts.", func(l *Ledger) *calendar.Duration { return &l.VerifyEvery }),
		exact("seal_within",
			"How long an entry may wait for its seal; below verify_every.",
			func(l *Ledger) *calendar.Duration { return &l.SealWithin }),
	)
}
