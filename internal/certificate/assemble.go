package certificate

import (
	"slices"
	"strings"
	"time"

	"steward/internal/calendar"
	"steward/internal/clocks"
	"steward/internal/erasure/goneby"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/letter"
	"steward/internal/store"
)

// Facts are what a certificate is assembled from.
type Facts struct {
	// ID is that of the certificate: ids.New(IDPrefix).
	ID   string
	Kind Kind
	// Erasure, Cause, Reference and Subject are those of the case.
	Erasure, Cause, Reference string
	Subject                   plan.Subject
	// Company, Contact and Zone are those of the policy, whose hash is Policy.
	Company, Contact, Policy string
	Zone                     *time.Location
	Language                 letter.Language
	// Plan is the frozen plan, whose hash is PlanSHA256.
	Plan       plan.Plan
	PlanSHA256 string
	// RequestedAt, ErasedAt, VerifiedAt and IssuedAt are those of Certificate.
	RequestedAt, ErasedAt, VerifiedAt, IssuedAt time.Time
	// Answers are those of all stores: goneby.Ask.
	Answers []goneby.Answer
	// Exceptions are all that the policy publishes.
	Exceptions []Exception
	// Tombstone is the proof, DecidedAt when it was committed: Prove.
	Tombstone Tombstone
	DecidedAt time.Time
}

// Assemble makes the certificate. It fails with CertificateRefused where there is none to be made: a
// final one while anything is open or failed, one before everything was erased and verified, and one of
// something retained without a published exception.
func Assemble(facts Facts) (Certificate, error) {
	facts = facts.settled()

	if refusal := facts.refusal(); refusal != "" {
		return Certificate{}, failure.New(failure.CertificateRefused, "assembling a certificate ("+refusal+")")
	}

	verdict := goneby.Of(facts.Answers)
	made := Certificate{
		Format: Format, ID: facts.ID, Kind: facts.Kind, Erasure: facts.Erasure, Cause: facts.Cause, Reference: facts.Reference,
		Subject: facts.Subject, Company: facts.Company, Contact: facts.Contact, Zone: facts.Zone.String(), Language: facts.Language,
		Policy: facts.Policy, Map: facts.Plan.Map, Schema: facts.Plan.Schema, Plan: facts.PlanSHA256,
		RequestedAt: facts.RequestedAt.UTC(), DecidedAt: facts.DecidedAt.UTC(), ErasedAt: facts.ErasedAt.UTC(),
		VerifiedAt: facts.VerifiedAt.UTC(), IssuedAt: facts.IssuedAt.UTC(),
		Stores: []Store{}, Exceptions: []Exception{}, GoneBy: verdict, Tombstone: facts.Tombstone,
	}

	for _, answer := range facts.Answers {
		made.Stores = append(made.Stores, storeOf(answer, facts))
	}

	slices.SortFunc(made.Stores, func(a, b Store) int { return strings.Compare(a.Name, b.Name) })

	for _, exception := range facts.Exceptions {
		if facts.retains(exception.Name) {
			made.Exceptions = append(made.Exceptions, exception)
		}
	}

	slices.SortFunc(made.Exceptions, func(a, b Exception) int { return strings.Compare(a.Name, b.Name) })

	return made, nil
}

// refusal is why there can be no such certificate, empty if there can.
func (f Facts) refusal() string {
	verdict := goneby.Of(f.Answers)

	switch {
	case f.Kind != First && f.Kind != Final:
		return "there is no such kind"
	case len(f.Answers) == 0:
		return "no store has answered"
	case !f.inOrder():
		return "it was not decided, erased, verified and issued in this order"
	case f.Tombstone.Leaf == "" || f.Tombstone.Proof == "":
		return "its tombstone is not proven"
	case f.Kind == Final && len(verdict.Blockers) > 0:
		return "a store failed or cannot say when it is done"
	case f.Kind == Final && !verdict.Over(f.VerifiedAt):
		return "it was not verified after the subject was gone everywhere"
	case f.unpublished():
		return "something is retained without a published exception"
	default:
		return ""
	}
}

// settled are the facts as one clock would have told them. Each instant is of the clock of the role that took the
// step, and steps are milliseconds apart: what is before the step that led to it by no more than clocks may
// differ was at the same instant. What is further apart stays, and is refused.
func (f Facts) settled() Facts {
	f.ErasedAt = notBefore(f.DecidedAt, f.ErasedAt)
	f.VerifiedAt = notBefore(f.ErasedAt, f.VerifiedAt)
	f.IssuedAt = notBefore(f.VerifiedAt, f.IssuedAt)

	return f
}

// notBefore is at, or the earliest instant that it can be where it is before that by no more than clocks.Skew.
func notBefore(earliest, at time.Time) time.Time {
	if at.Before(earliest) && earliest.Sub(at) <= clocks.Skew {
		return earliest
	}

	return at
}

// inOrder reports whether everything has happened, one after the other.
func (f Facts) inOrder() bool {
	return !f.DecidedAt.IsZero() && slices.IsSortedFunc([]time.Time{f.DecidedAt, f.ErasedAt, f.VerifiedAt, f.IssuedAt}, time.Time.Compare)
}

// unpublished reports whether anything is retained on a basis that the policy does not publish.
func (f Facts) unpublished() bool {
	published := func(name string) bool {
		return slices.ContainsFunc(f.Exceptions, func(e Exception) bool { return e.Name == name })
	}

	for _, answer := range f.Answers {
		for _, part := range answer.Outcome.Retains() {
			if _, err := calendar.ParseDuration(part.For); err != nil || !published(part.Basis) {
				return true
			}
		}
	}

	for _, step := range f.Plan.Steps {
		if step.Action == plan.RetainRows && !published(step.Basis) {
			return true
		}
	}

	return false
}

// retains reports whether something is retained under the exception.
func (f Facts) retains(exception string) bool {
	return slices.ContainsFunc(f.Answers, func(a goneby.Answer) bool {
		return slices.ContainsFunc(a.Outcome.Retains(), func(part store.Part) bool { return part.Basis == exception })
	}) || slices.ContainsFunc(f.Plan.Steps, func(s plan.Step) bool {
		return s.Action == plan.RetainRows && s.Basis == exception
	})
}

// storeOf is how a store stands when the certificate is issued.
func storeOf(answer goneby.Answer, facts Facts) Store {
	made := Store{Name: answer.Store, Outcome: answer.Outcome}
	made.Outcome.At = utc(made.Outcome.At)
	made.Outcome.Parts = partsOf(answer.Outcome.Parts, facts)

	switch blockers := goneby.Of([]goneby.Answer{answer}).Blockers; {
	case len(blockers) > 0:
		made.Open = string(blockers[0].Code)
	case len(answer.Outcome.Retains()) > 0:
		made.GoneBy, made.Open = answer.GoneBy.UTC(), string(store.Retained)
	case answer.GoneBy.After(facts.IssuedAt):
		made.GoneBy, made.Open = answer.GoneBy.UTC(), string(store.Expires)
	default:
		made.GoneBy = answer.GoneBy.UTC()
	}

	return made
}

// partsOf are the parts with the instant until which each is retained: its period from the erasure on, counted in the
// company's zone, as the policy counts it.
func partsOf(parts []store.Part, facts Facts) []store.Part {
	var all []store.Part

	for _, part := range parts {
		if period, err := calendar.ParseDuration(part.For); err == nil {
			part.Until = period.AddTo(facts.ErasedAt, facts.Zone).UTC()
		}

		all = append(all, part)
	}

	return all
}

// utc keeps the zero time what it is.
func utc(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}

	return at.UTC()
}
