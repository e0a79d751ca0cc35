package policy

import (
	"fmt"
	"time"

	"steward/internal/calendar"
)

const (
	aDay = 24 * time.Hour
	// pruneInterval is how often PruneBackups runs, so no smaller tolerance can be kept.
	pruneInterval = time.Hour
	// minRecipients are the drill's key and the escrow.
	minRecipients = 2
	// authorityLimit is the limit of GDPR Article 33(1).
	authorityLimit = 72 * time.Hour
)

// contradictions judges what no single value can show. A check whose values
// have problems of their own says nothing.
func (r *reader) contradictions(p *Policy) {
	r.checkTimes(p.Promises.Backups)
	r.checkBusinessDays(p)
	r.checkBrakes(p.Promises)
	r.checkDatabases(p.Promises.Backups.Databases)
	r.checkFiles(p)
	r.checkCopies(p)
	r.checkRecipients(p.Promises.Backups.Recipients)
	r.checkLedger(p)
	r.checkLimits(p.Promises)
	r.checkNames(p)
	r.checkMail(p)
	r.checkRecords(p)
	r.checkErasure(p)
	r.checkProof(p)
}

// refuse records a contradiction at the last of the paths, if all are sound.
func (r *reader) refuse(wrong bool, paths []string, remedy, message string) {
	where, _ := r.Place(paths[len(paths)-1])
	if r.Sound(paths...) && wrong {
		r.Sayf(where, remedy, "%s", message)
	}
}

func (r *reader) checkTimes(b Backups) {
	const doneWithin, catchUp = "promises.backups.done_within", "promises.backups.catch_up"
	const keep, tolerance = "promises.backups.keep", "promises.backups.tolerance"
	r.refuse(b.CatchUp.Shortest() >= aDay, []string{catchUp}, "write less than 24h, such as 20h",
		"a backup that is late by a day or more would be the next day's")
	r.refuse(b.DoneWithin.Shortest() >= b.CatchUp.Shortest(), []string{catchUp, doneWithin}, "write less than catch_up",
		"a backup would be due only after the time to catch up")
	r.refuse(b.Keep.Shortest() < 2*aDay, []string{keep}, "write 2d or more",
		"a backup would be gone before the next one is drilled")
	r.refuse(b.Tolerance.Shortest() >= b.Keep.Shortest(), []string{keep, tolerance}, "write less than keep, such as 2h",
		"the tolerance is as long as the promise itself")
	r.refuse(b.Tolerance.Shortest() < pruneInterval, []string{tolerance}, "write 1h or more",
		"backups are pruned once an hour, so this tolerance cannot be kept")
}

// checkBusinessDays refuses a time of day whose date in the company's zone
// changes with the clocks: one business day would have two backups, another none.
func (r *reader) checkBusinessDays(p *Policy) {
	paths := []string{"company.zone", "promises.backups.at"}
	if !r.Sound(paths...) {
		return
	}
	at, day := p.Promises.Backups.At, firstCheckedDay()
	for range checkedDays {
		today, next := calendar.DayOf(at.On(day), p.Company.Zone), calendar.DayOf(at.On(day.Next()), p.Company.Zone)
		if next != today.Next() {
			r.refuse(true, paths, "choose a time that is well inside one day in the company's zone, summer and winter",
				fmt.Sprintf("with the change of the clocks it falls on another day in %s: after %s comes %s", p.Company.Zone, today, next))
			return
		}
		day = day.Next()
	}
}

// checkedDays are ten years, enough for every rule of clocks in use.
const (
	firstCheckedYear = 2026
	checkedDays      = 3653
)

func firstCheckedDay() calendar.Day { return calendar.NewDay(firstCheckedYear, time.January, 1) }

func (r *reader) checkDatabases(databases []Database) {
	const path = "promises.backups.databases"
	seen, roles := map[string]bool{}, map[Role]int{}
	for i, database := range databases {
		roles[database.Role]++
		r.refuse(seen[database.Name], []string{fmt.Sprintf("%s[%d].name", path, i)}, "give each database a name of its own",
			"two databases have the same name")
		seen[database.Name] = true
	}
	r.refuse(roles[RoleApp] == 0, []string{path}, "add a database with role: app", "no app database is backed up")
	r.refuse(roles[RoleSteward] == 0, []string{path}, "add a database with role: steward",
		"the steward database, which holds the record of what was erased, is not backed up")
	r.refuse(roles[RoleSteward] > 1, []string{path}, "leave one database with role: steward", "there is only one steward database")
}

func (r *reader) checkRecipients(recipients []Recipient) {
	const path = "promises.backups.recipients"
	names, keys, escrows := map[string]bool{}, map[string]bool{}, 0
	for i, recipient := range recipients {
		here := fmt.Sprintf("%s[%d]", path, i)
		r.refuse(names[recipient.Name], []string{here + ".name"}, "give each recipient a name of its own", "two recipients have the same name")
		r.refuse(keys[recipient.Key], []string{here + ".key"}, "use two keys that are held in two places", "two recipients have the same key")
		names[recipient.Name], keys[recipient.Key] = true, true
		if recipient.Escrow {
			escrows++
		}
	}
	r.refuse(len(recipients) < minRecipients, []string{path}, "add the public key of an offline escrow with escrow: true",
		"with one key only, its loss is the loss of every backup")
	r.refuse(len(recipients) >= minRecipients && escrows == 0, []string{path},
		"mark the key that is kept offline with escrow: true", "no recipient is an escrow")
	r.refuse(len(recipients) >= minRecipients && escrows == len(recipients), []string{path}, "add the key of the drill with escrow: false",
		"every recipient is an escrow, so no drill could decrypt a backup")
}

func (r *reader) checkLedger(p *Policy) {
	const every, within, mode = "promises.ledger.verify_every", "promises.ledger.seal_within", "promises.ledger.mode"
	l := p.Promises.Ledger
	r.refuse(l.SealWithin.Shortest() >= l.VerifyEvery.Shortest(), []string{every, within}, "write less than verify_every, such as 15min",
		"an entry could be verified before it is sealed")
	r.refuse(l.Mode != "enforce", []string{mode}, "write enforce", "the ledger cannot be observed only: every other promise is proven by it")
	r.refuse(p.Keys.Manifest == p.Keys.Ledger, []string{"keys.manifest", "keys.ledger"},
		"make a second key: the backup role must not be able to sign the ledger",
		"manifests and ledger have the same key")
}

// checkLimits refuses what the law does not allow to be promised.
func (r *reader) checkLimits(p Promises) {
	if p.Requests != nil {
		const longestMonth = 31 * aDay
		answer := p.Requests.AnswerWithin
		r.refuse(answer.Longest() > longestMonth, []string{"promises.requests.answer_within"}, "write 1mo or less, such as 14d",
			"the law gives one month for an answer (GDPR Article 12(3))")
	}
	if p.Breaches != nil {
		r.refuse(p.Breaches.AuthorityWithin.Shortest() > authorityLimit, []string{"promises.breaches.authority_within"}, "write 72h or less",
			"the law gives 72 hours for the notice to the authority (GDPR Article 33(1))")
	}
}

// checkNames refuses what must stand once and stands twice.
func (r *reader) checkNames(p *Policy) {
	buckets := map[string]bool{}
	for _, bucket := range []struct{ key, name string }{
		{"backups", p.Storage.Backups},
		{"ledger", p.Storage.Ledger},
		{"replay", p.Storage.Replay},
		{"packages", p.Storage.Packages},
		{"files", p.Storage.Files},
	} {
		r.refuse(buckets[bucket.name], []string{"storage." + bucket.key},
			"use a bucket of its own: their retention differs", "two purposes share one bucket")
		buckets[bucket.name] = true
	}
	promises := map[string]bool{}
	for i, heartbeat := range p.Heartbeats {
		name := string(heartbeat.Promise)
		r.refuse(promises[name], []string{fmt.Sprintf("heartbeats[%d].promise", i)},
			"leave one heartbeat for each promise", "the promise has two heartbeats")
		promises[name] = true
	}
	if p.Promises.Processors == nil {
		return
	}
	names := map[string]bool{}
	for i, processor := range p.Promises.Processors.Names {
		r.refuse(names[processor.Name], []string{fmt.Sprintf("promises.processors.names[%d].name", i)},
			"leave it once", "the processor stands twice")
		names[processor.Name] = true
	}
}
