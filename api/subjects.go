package main

import (
	"context"

	"steward/internal/account"
	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
)

// subjects finds whom a request is about: an account, or a person in a scope. What is given
// of them is sealed, or hashed under the lookup key; it is in no answer.
type subjects struct {
	resolver *account.Resolver
	lookup   account.LookupKey
}

// subjects of this process.
func (p *process) subjects(resolver *account.Resolver) subjects {
	return subjects{resolver: resolver, lookup: p.lookup}
}

// SubjectInput says whom something is about.
type SubjectInput struct {
	//nolint:lll // one tag
	Account string           `json:"account,omitempty" maxLength:"254" doc:"The account as the app writes it; of a person the customer whose data they are in, none for the company's own."`
	Person  *identitiesInput `json:"person,omitempty" doc:"The identities of one person; without them it is about the account."`
}

// identitiesInput are a person's typed identities.
type identitiesInput struct {
	Email   []string `json:"email,omitempty" maxItems:"50" maxLength:"320" doc:"Mail addresses, compared without case."`
	Phone   []string `json:"phone,omitempty" maxItems:"50" maxLength:"320" doc:"Phone numbers, compared by their digits."`
	Visitor []string `json:"visitor,omitempty" maxItems:"50" maxLength:"320" doc:"Ids of visitors, compared as they are."`
	User    []string `json:"user,omitempty" maxItems:"50" maxLength:"320" doc:"Ids of users, compared as they are."`
}

func (i identitiesInput) identities() erasure.Identities {
	return erasure.Identities{datamap.Email: i.Email, datamap.Phone: i.Phone, datamap.Visitor: i.Visitor, datamap.User: i.User}
}

// subjectFound is whom a request is about.
type subjectFound struct {
	kind plan.Subject
	// id is that of the account, or of the scope; key is how the app writes it, where that is another text.
	id, key    string
	identities erasure.Identities
	matches    [][]byte
}

// find reads whom a request is about. It fails with SubjectRefused where that is nobody,
// with AccountUnknown for a key that nobody registered, and with ConfigInvalid for a person where the lookup key is
// missing, without which no hold would be found.
func (s subjects) find(ctx context.Context, in SubjectInput) (found subjectFound, err error) {
	if in.Account != "" {
		if found, err = s.account(ctx, in.Account, ""); err != nil {
			return found, err
		}
	}

	found.kind = plan.Account

	if in.Person == nil {
		if in.Account == "" {
			err = failure.New(failure.SubjectRefused, "reading whom it is about")
		}

		return found, err
	}

	found.kind = plan.Person
	if found.identities, err = in.Person.identities().Check(); err != nil {
		return found, err
	}

	if len(s.lookup) == 0 {
		return found, failure.New(failure.LookupKeyWrong, "hashing the identities of a person without account-lookup.key")
	}

	found.matches = found.identities.Matches(s.lookup)

	return found, nil
}

// account finds the id of an account that the app names by key; where the id is given
// too, the key must be that one's. Without a key it is the id.
func (s subjects) account(ctx context.Context, key, id string) (subjectFound, error) {
	if key == "" {
		return subjectFound{id: id}, nil
	}

	parsed, err := account.ParseKey(key)
	if err != nil {
		return subjectFound{}, err
	}

	ids, err := s.resolver.Find(ctx, []account.Key{parsed})
	if err != nil {
		return subjectFound{}, err
	}

	found := subjectFound{id: ids[0]}

	switch {
	case found.id == "":
		return subjectFound{}, failure.New(failure.AccountUnknown, "looking for an account")
	case id != "" && found.id != id:
		return subjectFound{}, failure.New(failure.SubjectRefused, "comparing the account with that of the task")
	}

	if direct, is := parsed.ID(); !is || direct != found.id {
		found.key = key
	}

	return found, nil
}
