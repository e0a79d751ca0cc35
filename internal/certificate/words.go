package certificate

import (
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/store"
)

// words are those of a page that stand for codes, in one language.
type words struct {
	outcomes map[store.Kind]string
	open     map[string]string
	codes    map[failure.Code]string
	subjects map[plan.Subject]string
}

func english() words {
	return words{
		outcomes: map[store.Kind]string{
			store.Erased: "erased", store.Pseudonymised: "pseudonymised", store.Retained: "retained", store.NothingFound: "nothing found",
			store.Expires: "expires by itself", store.Failed: "not erased yet", store.Attested: "erased, as a person attested",
		},
		open: map[string]string{
			string(store.Expires): "what is left expires by itself", string(store.Retained): "retained on a published basis",
		},
		codes: map[failure.Code]string{
			failure.NoConnector:    "nothing here can erase in this place yet: it is done by hand",
			failure.CopyWithoutAge: "nobody has said yet how old copies of this kind get",
			failure.CopyUndeclared: "there is a copy of which nobody has said yet how old it gets",
			failure.KeptBeyond:     "a backup stays until a younger one was proven",
			failure.StoreGone:      "this place is not known here any more",
		},
		subjects: map[plan.Subject]string{plan.Account: "the data of one account", plan.Person: "the data of one person"},
	}
}

func french() words {
	return words{
		outcomes: map[store.Kind]string{
			store.Erased: "effacé", store.Pseudonymised: "pseudonymisé", store.Retained: "conservé", store.NothingFound: "rien trouvé",
			store.Expires: "expire de lui-même", store.Failed: "pas encore effacé", store.Attested: "effacé, comme une personne l'atteste",
		},
		open: map[string]string{
			string(store.Expires): "ce qui reste expire de lui-même", string(store.Retained): "conservé sur une base publiée",
		},
		codes: map[failure.Code]string{
			failure.NoConnector:    "rien ici ne peut encore effacer à cet endroit : c'est fait à la main",
			failure.CopyWithoutAge: "personne n'a encore dit quel âge atteignent les copies de ce type",
			failure.CopyUndeclared: "il y a une copie dont personne n'a encore dit quel âge elle atteint",
			failure.KeptBeyond:     "une sauvegarde reste jusqu'à ce qu'une plus récente soit prouvée",
			failure.StoreGone:      "ce lieu n'est plus connu ici",
		},
		subjects: map[plan.Subject]string{plan.Account: "les données d'un compte", plan.Person: "les données d'une personne"},
	}
}
