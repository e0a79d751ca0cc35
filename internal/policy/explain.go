package policy

import (
	"fmt"
	"strings"

	"steward/internal/promise"
)

// Sentence is one promise in plain English.
type Sentence struct {
	// Promise is the key of the promise.
	Promise promise.Name `json:"promise"`
	// Mode is observe or enforce.
	Mode promise.Mode `json:"mode"`
	// Built says whether this version of Steward keeps it.
	Built bool `json:"built"`
	// Source is the sentence of the company's policy text, empty if none is named.
	Source string `json:"source,omitempty"`
	// Text is the promise in one sentence.
	Text string `json:"text"`
}

// Explain returns each promise of the policy as a sentence, in the order of
// promise.Table.
func (p *Policy) Explain() []Sentence {
	var sentences []Sentence
	for _, m := range p.made() {
		row, _ := promise.Find(m.name)
		sentences = append(sentences, Sentence{
			Promise: m.name, Mode: m.plain.Mode, Built: row.Built, Source: m.plain.Text, Text: m.sentence,
		})
	}
	return sentences
}

// made returns the promises that stand in the policy, each with its sentence.
func (p *Policy) made() []made {
	t := p.Promises
	result := []made{
		{promise.Backups, t.Backups.Plain, t.Backups.sentence(p.Company.Zone.String())},
		{
			promise.Ledger, t.Ledger.Plain,
			fmt.Sprintf("Both copies of the ledger are verified at least every %s, and no entry waits longer than %s for its seal.",
				t.Ledger.VerifyEvery.Words(), t.Ledger.SealWithin.Words()),
		},
	}
	result = addPlain(result, promise.Recovery, t.Recovery,
		"A restored database opens only after every erasure since its snapshot was done again.")
	if l := t.LoginRecords; l != nil {
		result = append(result, made{
			promise.LoginRecords, l.Plain,
			fmt.Sprintf("Address, date and user agent of logins are kept for %s and no longer.", l.Keep.Words()),
		})
	}
	if i := t.Inactivity; i != nil {
		result = append(result, made{
			promise.Inactivity, i.Plain,
			fmt.Sprintf("An account without interaction and payment for %s is warned and then erased.", i.After.Words()),
		})
	}
	if r := t.Requests; r != nil {
		result = append(result, made{
			promise.Requests, r.Plain,
			fmt.Sprintf("A request about personal data is answered within %s.", r.AnswerWithin.Words()),
		})
	}
	if e := t.Erasure; e != nil {
		result = append(result, made{promise.Erasure, e.Plain, p.erasureSentence()})
	}
	if c := t.Processors; c != nil {
		result = append(result, made{
			promise.Processors, c.Plain,
			fmt.Sprintf("Each processor is told to delete and is followed until it has: %s.", c.names()),
		})
	}
	result = addPlain(result, promise.Offboarding, t.Offboarding,
		"At the end of an agreement the customer's data is deleted, when the customer asks for it.")
	return p.madeLater(result)
}

// madeLater adds the promises that come last in the table.
func (p *Policy) madeLater(result []made) []made {
	t := p.Promises
	if s := t.Subprocessors; s != nil {
		result = append(result, made{
			promise.Subprocessors, s.Plain,
			fmt.Sprintf("A new sub-processor is announced, and customers have %s to object.", s.ObjectWithin.Words()),
		})
	}
	if b := t.Breaches; b != nil {
		result = append(result, made{
			promise.Breaches, b.Plain,
			fmt.Sprintf("A breach is notified to the authority within %s and to customers within %s.",
				b.AuthorityWithin.Words(), b.CustomersWithin.Words()),
		})
	}
	if s := t.StaffAccess; s != nil {
		result = append(result, made{
			promise.StaffAccess, s.Plain,
			fmt.Sprintf("Staff enter an account only with its owner's permission or under review, for %s at most.", s.AtMost.Words()),
		})
	}
	result = addPlain(result, promise.Agreements, t.Agreements, "Agreements and reports are signed by both parties, mailed and filed.")
	if e := t.Exposure; e != nil {
		result = append(result, made{
			promise.Exposure, e.Plain,
			fmt.Sprintf("TLS and what is reachable from outside are probed at least every %s.", e.ScanEvery.Words()),
		})
	}
	if c := t.CallArchive; c != nil {
		result = append(result, made{
			promise.CallArchive, c.Plain,
			fmt.Sprintf("Every call to the public machines is archived without gaps and kept for %s.", c.Keep.Words()),
		})
	}
	return result
}

// addPlain adds a promise without numbers if it is made.
func addPlain(to []made, name promise.Name, plain *Plain, sentence string) []made {
	if plain == nil {
		return to
	}
	return append(to, made{name, *plain, sentence})
}

func (b Backups) sentence(zone string) string {
	names := make([]string, 0, len(b.Databases))
	for _, database := range b.Databases {
		names = append(names, database.Name)
	}
	stop := "the last drilled backup is kept until there is a younger one"
	if b.WhenBackupsStop == HonourCeiling {
		stop = "even the last drilled backup goes at its end"
	}
	return fmt.Sprintf("Each database (%s)%s is backed up every day at %s UTC (business days in %s)"+
		" and drilled within %s, late by %s at most; each backup is kept for %s and gone %s later; if backups stop, %s.%s",
		strings.Join(names, ", "), filesPhrase(b.Files), b.At, zone,
		b.DoneWithin.Words(), b.CatchUp.Words(), b.Keep.Words(), b.Tolerance.Words(), stop, b.copied()+b.Limits.sentence())
}

func (c Processors) names() string {
	names := make([]string, 0, len(c.Names))
	for _, processor := range c.Names {
		names = append(names, processor.Name)
	}
	return strings.Join(names, ", ")
}
