package datamap

import "steward/internal/strictyaml"

// maxReason bounds what people write to explain a decision.
const maxReason = 300

func tableShape() strictyaml.Shape[table] {
	return strictyaml.Shape[table]{
		strictyaml.Optional(strictyaml.Leaf("not_personal", "Why the table belongs to no subject; then nothing else stands here but guessed.",
			strictyaml.Text(maxReason), func(t *table) *string { return &t.NotPersonal })),
		strictyaml.Optional(strictyaml.Leaf("category", "What it is for people and promises, such as company, billing, campaigns or collected.",
			categoryKind(), func(t *table) *string { return &t.Category })),
		strictyaml.Optional(strictyaml.Leaf("role", "Whose data it holds: the company's own, or its customers' (GDPR Article 4(7) and (8)).",
			strictyaml.Choice(Controller, Processor), func(t *table) *Role { return &t.Role })),
		strictyaml.Optional(strictyaml.ListOf("path",
			"The columns of the foreign key, or of the reference, that leads towards the account. Not for the account's own table.",
			name(), func(t *table) *[]string { return &t.Path })),
		strictyaml.Optional(strictyaml.Leaf("rows", "What the erasure of an account does with its rows.",
			strictyaml.Choice(Delete, Keep), func(t *table) *Rows { return &t.Rows })),
		strictyaml.Optional(strictyaml.ListOf("follows",
			"The columns of other keys: a row goes with the row that they name too. Every other key is made null.",
			strictyaml.Items(name()), func(t *table) *[][]string { return &t.Follows })),
		strictyaml.Maybe("person", "How one person is found here, and what becomes of the rows.",
			personShape(), func(t *table) **Person { return &t.Person }),
		strictyaml.Optional(strictyaml.Section("columns", "Every column of the table, each under one decision.",
			columnsShape(), func(t *table) *columns { t.written = true; return &t.columns })),
		strictyaml.Optional(strictyaml.ListOf("export", "The columns that an export shows to the subject.",
			name(), func(t *table) *[]string { return &t.Export })),
		strictyaml.Optional(strictyaml.Section("known", "What acts by itself on this table, and does nothing that an erasure must know of.",
			knownShape(), func(t *table) *Known { return &t.Known })),
		strictyaml.Optional(strictyaml.Section("guessed",
			"What a scaffold guessed. Remove what you have confirmed; an erasure waits for the rest.",
			guessedShape(), func(t *table) *Guessed { return &t.Guessed })),
	}
}

func personShape() strictyaml.Shape[Person] {
	return strictyaml.Shape[Person]{
		strictyaml.List("match", "What is compared with the identities of the person. One match is enough.", strictyaml.Shape[Match]{
			strictyaml.Leaf("identity", "The type of the identity.",
				strictyaml.Choice(Email, Phone, Visitor, User), func(m *Match) *Identity { return &m.Identity }),
			strictyaml.Leaf("column", "The column that holds it.", columnKind(), func(m *Match) *string { return &m.Column }),
			strictyaml.Optional(strictyaml.Leaf("json", "Where it stands inside a JSON column.",
				jsonPathKind(), func(m *Match) *string { return &m.JSON })),
		}, func(p *Person) *[]Match { return &p.Matches }),
		strictyaml.Leaf("rows", "What the erasure of a person does with the rows.",
			strictyaml.Choice(Delete, Keep), func(p *Person) *Rows { return &p.Rows }),
	}
}

func columnsShape() strictyaml.Shape[columns] {
	return strictyaml.Shape[columns]{
		strictyaml.Optional(strictyaml.ListOf("erase", "Personal: it goes with its row, or is overwritten where its row stays.",
			strictyaml.ValueOrKeys(columnKind(), func(e *erased) *string { return &e.Name }, erasedShape()),
			func(c *columns) *[]erased { return &c.erase })),
		strictyaml.Optional(strictyaml.List("retain", "Personal, and kept on a basis that the policy publishes.",
			retainedShape(), func(c *columns) *[]retained { return &c.retain })),
		strictyaml.Optional(strictyaml.ListOf("not_personal", "Says nothing about a person by itself.",
			strictyaml.Value(decidedKind()), func(c *columns) *[]Column { return &c.notPersonal })),
	}
}

func erasedShape() strictyaml.Shape[erased] {
	return strictyaml.Shape[erased]{
		strictyaml.Leaf("column", "The column.", columnKind(), func(e *erased) *string { return &e.Name }),
		strictyaml.Optional(strictyaml.Leaf("null", "It is made null.", yesKind(), func(e *erased) *bool { return &e.null })),
		strictyaml.Optional(strictyaml.Leaf("fixed", "It is made this value, as PostgreSQL reads it.",
			fixedKind(), func(e *erased) **string { return &e.fixed })),
		strictyaml.Optional(strictyaml.Leaf("keyed_hash",
			"It is made a hash under a key that can be destroyed (HMAC-SHA-256, in hexadecimal): true, or a text around {}.",
			hashKind(), func(e *erased) **string { return &e.keyed })),
	}
}

func retainedShape() strictyaml.Shape[retained] {
	return strictyaml.Shape[retained]{
		strictyaml.ListOf("columns", "The columns.", strictyaml.Value(decidedKind()),
			func(r *retained) *[]Column { return &r.names }),
		strictyaml.Leaf("basis", "The name of the exception that the policy publishes.", basisKind(),
			func(r *retained) *string { return &r.basis }),
		strictyaml.Leaf("until", "For how long; not longer than the exception says.", untilKind(), func(r *retained) *string { return &r.until }),
	}
}

func knownShape() strictyaml.Shape[Known] {
	return strictyaml.Shape[Known]{
		strictyaml.Optional(strictyaml.ListOf("triggers", "The names of triggers.", name(), func(k *Known) *[]string { return &k.Triggers })),
		strictyaml.Optional(strictyaml.Leaf("rules", "Whether its rewrite rules are meant too.",
			yesKind(), func(k *Known) *bool { return &k.Rules })),
		strictyaml.Optional(strictyaml.ListOf("checks", "Columns of which a check accepts what they are overwritten with.",
			name(), func(k *Known) *[]string { return &k.Checks })),
	}
}

func guessedShape() strictyaml.Shape[Guessed] {
	parts := strictyaml.Choice(PartCategory, PartRole, PartPath, PartRows, PartFollows, PartAccount, PartPerson, PartKnown, PartNotPersonal)

	return strictyaml.Shape[Guessed]{
		strictyaml.Optional(strictyaml.ListOf("parts", "The keys above that are guesses.",
			strictyaml.Value(parts), func(g *Guessed) *[]Part { return &g.Parts })),
		strictyaml.Optional(strictyaml.ListOf("columns", "The columns of which the decision is a guess.",
			name(), func(g *Guessed) *[]string { return &g.Columns })),
	}
}
