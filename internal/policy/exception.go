package policy

import (
	"fmt"
	"strings"

	"steward/internal/calendar"
)

// Exception is what an erasure leaves, for a time and on a basis that the company publishes.
// The data map may retain a column only by the name of one.
type Exception struct {
	// Name is how the data map and certificates call it.
	Name string
	// Basis is the reason in the words that subjects read, such as a law with its article.
	Basis string
	// Categories are those of the data map of which something may be retained.
	Categories []string
	// Until is how long it is retained at most, from the erasure on.
	Until calendar.Duration
}

// CopyKind is what kind of copy of a database a deployment has, beside its backups.
type CopyKind string

const (
	// CopyReplica is a standby or a logical replica.
	CopyReplica CopyKind = "replica"
	// CopyPITR is an archive of the write-ahead log, from which any instant can be restored.
	CopyPITR CopyKind = "pitr"
	// CopyWarehouse is where others compute with the data.
	CopyWarehouse CopyKind = "warehouse"
	// CopyOther is any other copy.
	CopyOther CopyKind = "other"
)

// DeclaredCopy is a copy of a database that Steward does not make, and cannot erase in.
type DeclaredCopy struct {
	// Name is how plans and certificates call it.
	Name string
	// Kind is what it is.
	Kind CopyKind
	// Database is the database of which it is a copy.
	Database string
	// MaxAge is after how long at the latest nothing is left there of what was erased in the
	// database; zero where nobody can say, and then no final certificate is issued.
	MaxAge calendar.Duration
}

func exceptionShape() shape[Exception] {
	return shape[Exception]{
		leaf("name", "How the data map and certificates call it.", exceptionNameKind(), func(e *Exception) *string { return &e.Name }),
		leaf("basis", "The reason, in the words that subjects read: a law with its article, for instance.",
			textKind(), func(e *Exception) *string { return &e.Basis }),
		words("categories", "The categories of the data map of which something may be retained.",
			patternKind("a category of the data map, such as billing", `[a-z][a-z0-9_]{0,39}`),
			func(e *Exception) *[]string { return &e.Categories }),
		duration("until", "How long it is retained at most, from the erasure on.", func(e *Exception) *calendar.Duration { return &e.Until }),
	}
}

// exceptionNameKind is what the data map's basis: may be.
func exceptionNameKind() kind[string] {
	return patternKind("a word, such as invoices (a-z, 0-9 and _)", `[a-z][a-z0-9_]{0,39}`)
}

func declaredCopyShape() shape[DeclaredCopy] {
	return shape[DeclaredCopy]{
		leaf("name", "How plans and certificates call it.", nameKind(), func(c *DeclaredCopy) *string { return &c.Name }),
		leaf("kind", "What it is.", choiceKind(CopyReplica, CopyPITR, CopyWarehouse, CopyOther),
			func(c *DeclaredCopy) *CopyKind { return &c.Kind }),
		leaf("database", "The database of which it is a copy.", nameKind(), func(c *DeclaredCopy) *string { return &c.Database }),
		optional(duration("max_age",
			"After how long at the latest nothing is left there of what was erased in the database. Without it, no final certificate is issued.",
			func(c *DeclaredCopy) *calendar.Duration { return &c.MaxAge })),
	}
}

// checkErasure refuses exceptions and copies that would mean nothing, or that could not be told apart.
func (r *reader) checkErasure(p *Policy) {
	names := map[string]bool{}
	for i, exception := range p.Exceptions {
		here := fmt.Sprintf("exceptions[%d].name", i)
		r.refuse(names[exception.Name], []string{here}, "give each exception a name of its own", "two exceptions have the same name")
		r.refuse(p.Promises.Erasure == nil, []string{here}, "add promises.erasure, or remove the exception",
			"nothing is promised of which this would be an exception")
		names[exception.Name] = true
	}
	databases, copies := map[string]bool{}, map[string]bool{}
	for _, database := range p.Promises.Backups.Databases {
		databases[database.Name] = true
	}
	for i, other := range p.Copies {
		here := fmt.Sprintf("copies[%d]", i)
		r.refuse(copies[other.Name], []string{here + ".name"}, "give each copy a name of its own", "two copies have the same name")
		r.refuse(!databases[other.Database] && r.Sound("promises.backups.databases"), []string{here + ".database"},
			"name a database of promises.backups.databases", "no database of this name is in the policy")
		copies[other.Name] = true
	}
}

// Exception finds an exception by its name, false if the policy publishes none of it.
func (p *Policy) Exception(name string) (Exception, bool) {
	for _, exception := range p.Exceptions {
		if exception.Name == name {
			return exception, true
		}
	}
	return Exception{}, false
}

// Erasure is the promise that what is deleted is gone everywhere.
type Erasure struct {
	Plain

	// Brake pauses the deletion while a database has too much to do.
	Brake *Brake
}

func erasureShape() shape[Erasure] {
	return with(func(e *Erasure) *Plain { return &e.Plain },
		maybe("brake",
			"Pauses the deletion in a database while that has too much to do, for half of the time that a try may take and 2h at most.",
			brakeShape(), func(e *Erasure) **Brake { return &e.Brake }))
}

// erasureSentence is the promise of erasure with its exceptions, and with the copies that follow later.
func (p *Policy) erasureSentence() string {
	var text strings.Builder
	text.WriteString("What is deleted is deleted in every store, with a certificate and a date by which it is gone everywhere.")
	for _, exception := range p.Exceptions {
		fmt.Fprintf(&text, " Except %s (of %s), retained for %s at most: %s.",
			exception.Name, strings.Join(exception.Categories, ", "), exception.Until.Words(), strings.TrimSuffix(exception.Basis, "."))
	}
	for _, other := range p.Copies {
		text.WriteString(" " + other.sentence())
	}
	return text.String()
}

func (c DeclaredCopy) sentence() string {
	if c.MaxAge.IsZero() {
		return fmt.Sprintf("The copy %s of %s (%s) follows at no stated time, so that nothing is certified as gone everywhere.",
			c.Name, c.Database, c.Kind)
	}
	return fmt.Sprintf("The copy %s of %s (%s) follows within %s.", c.Name, c.Database, c.Kind, c.MaxAge.Words())
}
