package main

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"net/url"
	"reflect"
	"slices"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/failure"
	"steward/internal/idempotency"
	"steward/internal/policy"
	"steward/internal/problem"
	"steward/internal/strictjson"
)

// securityScheme names the one way to show credentials in the document.
const securityScheme = "token"

// Tags of the docs that several files use.
const (
	tagService  = "service"
	tagPromises = "promises"
)

// jsonMedia is the one media type of bodies.
const jsonMedia = "application/json"

// service is everything that answers requests.
type service struct {
	handler http.Handler
	// document is the OpenAPI document, as it is served.
	document []byte
	// page is the same for people, and pagePolicy what their browser may use for it.
	page       []byte
	pagePolicy string
	health     *readiness
}

// resources are all resources, in the order of the docs.
func (s *service) resources(p *process) []resource {
	resolver := account.NewResolver(p.db, p.lookup)

	return slices.Concat([]resource{
		health{ready: s.health},
		docs{service: s},
		promises{db: p.db, clock: p.clock, policy: p.policy, offFile: p.config.OffFile},
		backups{db: p.db},
		toCome{db: p.db, clock: p.clock, keep: periodsOf(p.policy)},
		accounts{db: p.db, clock: p.clock, resolver: resolver, registrar: p.registrar(), keep: periodsOf(p.policy)},
		interactions{intake: p.intake(resolver)},
		subscriptions{db: p.db, clock: p.clock, resolver: resolver},
		p.erasures(resolver),
		legalHolds{db: p.db, clock: p.clock, subjects: p.subjects(resolver), keep: periodsOf(p.policy)},
		tasks{db: p.db, clock: p.clock, keep: periodsOf(p.policy), erasures: p.erasures(resolver)},
		me{db: p.db, clock: p.clock, changed: p.forgetCredentials},
		apiKeys{db: p.db, clock: p.clock, changed: p.forgetCredentials},
		members{db: p.db, clock: p.clock, changed: p.forgetCredentials},
		acts{db: p.db},
		looks{db: p.db},
	}, s.messages(p))
}

// newService makes the handler of all operations. It fails with Internal for an
// operation that access.Table does not have.
func newService(p *process) (*service, error) {
	made := &service{health: newReadiness(p)}

	err := made.open(p, made.resources(p))

	return made, err
}

// open registers the resources and makes the document and the handler of them.
func (s *service) open(p *process, resources []resource) error {
	routes := newRoutes(p)

	pepper, err := idempotency.NewPepper(p.lookup)
	if err != nil {
		return err
	}

	r := &router{
		api: huma.NewAPI(humaConfig(p.policy.Company), routes), db: p.db, clock: p.clock, keep: periodsOf(p.policy), pepper: pepper,
	}

	for _, each := range resources {
		each.register(r)
	}

	if r.err != nil {
		return r.err
	}

	document, err := finish(r.api.OpenAPI())
	if err != nil {
		return err
	}

	if s.page, s.pagePolicy, err = renderPage(r.api.OpenAPI()); err != nil {
		return err
	}

	s.document = document
	s.handler = routes.handler(s.health)

	return nil
}

// humaConfig says what huma does and what it leaves to us: it serves no pages of its
// own, takes JSON only, and takes our problems for its errors.
func humaConfig(company policy.Company) huma.Config {
	matchCase()

	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[problem.Problem]())

	// The pipeline has checked the body.
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: strictjson.Decode}

	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Steward", Version: "1.0.0",
				Description: "Steward keeps the promises of a data-protection policy and proves that it did. Times are RFC 3339 with an " +
					"offset; ids are opaque; errors are problem details (RFC 9457) with a stable code; members that are unknown are " +
					"refused in requests and to be ignored in answers.",
				Contact: contactOf(company),
			},
			Servers: []*huma.Server{{URL: "/", Description: "This server."}},
			Tags:    tags(),
			Components: &huma.Components{
				Schemas: registry,
				Headers: headers(),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "http", Scheme: "bearer", BearerFormat: "stw_…",
					Description: "A key of the app (stw_app_…) or a token of a member of staff (stw_staff_…).",
				}},
			},
		},
		// The second is how huma finds the format of application/problem+json; a request of
		// another type than the first is refused by the pipeline.
		Formats:                      map[string]huma.Format{jsonMedia: format, "json": format},
		DefaultFormat:                jsonMedia,
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{ownProblems},
	}
}

// contactOf is whom the document names: the company of the policy, and where it is
// written to, if the policy says so with an address or a page.
func contactOf(company policy.Company) *huma.Contact {
	made := &huma.Contact{Name: company.Name}

	if parsed, err := mail.ParseAddress(company.Contact); err == nil && parsed.Address == company.Contact {
		made.Email = company.Contact
	}

	if parsed, err := url.Parse(company.Contact); err == nil && parsed.Scheme == "https" && parsed.Host != "" {
		made.URL = company.Contact
	}

	return made
}

// matchCase makes huma tell "Name" from "name", as the document does: it has only a
// switch for the whole process.
//
//nolint:gochecknoglobals // the switch is one
var matchCase = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })

// tags are the groups of the docs, in their order.
func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: tagService, Description: "The service itself."},
		{Name: "accounts", Description: "Accounts and their signs of life."},
		{Name: tagPromises, Description: "What was promised, and whether it is kept."},
		{Name: credentialsTag, Description: "Keys of the app, and staff."},
		{Name: "acts", Description: "What staff did, and who looked at whose data."},
		{Name: tagErasures, Description: "Erasures, and the legal holds that stop them."},
		{Name: "tasks", Description: "What a person must do."},
		{Name: "webhooks", Description: "What the app is told."},
		{Name: "mail", Description: "Mail, and what became of it."},
	}
}

// finish completes the document once everything is registered, and gives its bytes.
func finish(document *huma.OpenAPI) ([]byte, error) {
	for _, schema := range document.Components.Schemas.Map() {
		tame(schema)
	}

	used := map[string]bool{}
	for _, path := range document.Paths {
		for _, op := range operationsOf(path) {
			used[op.Tags[0]] = true
		}
	}

	document.Tags = slices.DeleteFunc(document.Tags, func(tag *huma.Tag) bool { return !used[tag.Name] })

	text, err := json.MarshalIndent(document, "", "  ")

	return append(text, '\n'), failure.Wrap(failure.Internal, "writing the document", err)
}

// tame corrects what huma makes of lists: ours are empty, never null; and huma looks for
// items that stand twice before it looks at their type, and panics when one is an object.
// A list of ours may say something twice.
func tame(schema *huma.Schema) {
	for _, member := range schema.Properties {
		if member.Type == huma.TypeArray {
			member.Nullable, member.UniqueItems = false, false
		}
	}
}

// ownProblems turns what huma says of a request into a problem of ours: places and
// kinds of mistakes, never values.
func ownProblems(ctx huma.Context, _ string, body any) (any, error) {
	theirs, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}

	made := problem.New(codeOf(theirs.Status), "").For(exchangeOf(ctx.Context()).id)
	made.Status = theirs.Status
	made.Errors = details(theirs.Errors)
	exchangeOf(ctx.Context()).code = string(made.Code)

	return made, nil
}

// codeOf is the code of a status that huma gives by itself.
func codeOf(status int) failure.Code {
	switch status {
	case http.StatusBadRequest:
		return failure.RequestMalformed
	case http.StatusUnprocessableEntity:
		return failure.RequestInvalid
	case http.StatusUnsupportedMediaType:
		return failure.MediaTypeWrong
	case http.StatusRequestEntityTooLarge:
		return failure.RequestTooLarge
	case http.StatusRequestTimeout:
		return failure.RequestTooSlow
	default:
		return failure.Internal
	}
}

// ruleOf is the rule of an operation; prepare has made sure that there is one.
func ruleOf(operation string) access.Rule {
	rule, _ := access.Find(access.Operation(operation))

	return rule
}
