package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/idempotency"
	"steward/internal/postgres"
	"steward/internal/problem"
)

// resource is one thing that the API has: it registers its operations.
type resource interface {
	register(r *router)
}

// router takes the operations of all resources.
type router struct {
	api   huma.API
	db    *postgres.DB
	clock clocks.Clock
	keep  periods
	// pepper is what Idempotency-Keys are hashed under; nil where the API was given no secret.
	pepper idempotency.Pepper
	// err collects what is wrong with the operations; the process does not start then.
	err error
	// done are the operations that were registered.
	done []access.Operation
}

// register adds an operation. What handler returns as an error becomes a problem by
// the table of package problem; what the document must say of every operation (who
// may call it, statuses that any may have) is added here. Statuses of its own, such
// as 404, the operation names in Errors.
func register[I, O any](r *router, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	if !r.prepare(&op, reflect.TypeFor[I]()) {
		return
	}

	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{} // which huma fills
	}

	huma.Register(r.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, err)
		}

		return out, nil
	})
	describeHeaders(op.Responses)
}

// registerCreate adds a POST that creates something. Its handler runs inside the
// transaction that also stores the Idempotency-Key with its answer: a retry with the
// same key and body gets the first answer again, and nothing is done twice. The
// handler therefore does all that it does through tx. What counts beyond the database,
// such as a credential that ends, is told to after, before the answer is given.
func registerCreate[I, O any](r *router, op huma.Operation, handler func(context.Context, postgres.Tx, *I) (*O, error), after ...func()) {
	registerQuick(r, op, nil, handler, after...)
}

// quick does what a creating request asks for, and remembers the request, in one
// statement that it may share with others; or it gives nil, with nothing done, where
// that is not the first time that it is asked: then the handler of the transaction
// does it, or finds the first answer.
type quick[I, O any] func(ctx context.Context, asked idempotency.Request, in *I) (*O, error)

// registerQuick is registerCreate with a way that is tried first; it may be nil.
func registerQuick[I, O any](
	r *router, op huma.Operation, first quick[I, O], handler func(context.Context, postgres.Tx, *I) (*O, error), after ...func(),
) {
	op.Parameters = append(op.Parameters, idempotencyParameters()...)
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity)

	register(r, op, func(ctx context.Context, in *I) (*O, error) {
		x := exchangeOf(ctx)

		key, err := idempotency.ParseKey(x.request.Header.Values(idempotency.Header))
		if err != nil {
			return nil, err
		}

		who := caller(ctx)
		asked := idempotency.Request{
			Owner: string(who.Kind) + "-" + who.ID, Credential: who.Credential, Operation: x.operation, Key: key,
			Target: x.request.URL.RequestURI(), Body: x.body, Secret: x.secret[:], Pepper: r.pepper,
		}

		if first != nil {
			if made, err := first(ctx, asked, in); made != nil || err != nil {
				return made, err
			}
		}

		made, err := once(ctx, r, asked, func(ctx context.Context, tx postgres.Tx) (*O, error) { return handler(ctx, tx, in) })

		for _, tell := range after {
			tell() // whatever became of the commit
		}

		return made, err
	})
}

// once does the work of a creating request, or gives its first answer again.
func once[O any](ctx context.Context, r *router, asked idempotency.Request,
	work func(context.Context, postgres.Tx) (*O, error),
) (*O, error) {
	var out *O

	err := r.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		answer, again, err := idempotency.Do(ctx, tx, asked, r.clock.Now(), r.keep.answers, func(ctx context.Context) ([]byte, error) {
			made, err := work(ctx, tx)
			if err != nil {
				return nil, err
			}

			out = made
			answer, err := json.Marshal(made)

			return answer, failure.Wrap(failure.Internal, "writing the answer", err)
		})
		if err != nil || !again {
			return err
		}

		exchangeOf(ctx).headers.Set("Idempotency-Replayed", "true")

		out = new(O)

		return failure.Wrap(failure.Internal, "reading the first answer", json.Unmarshal(answer, out))
	})
	if _, coded := errors.AsType[*failure.Error](err); err != nil && !coded {
		err = failure.Wrap(failure.Unavailable, "writing it down", err)
	}

	if err != nil {
		return nil, err
	}

	return out, nil
}

// problemOf makes the problem of what a handler returned, and notes its code.
func problemOf(ctx context.Context, err error) *problem.Problem {
	x := exchangeOf(ctx)

	made := problem.From(err)
	if wrongStatement(err) {
		made = problem.New(failure.Internal, "")
	}

	made.For(x.id) //nolint:errcheck // it returns itself
	x.code, x.cause = string(made.Code), err

	return made
}

// wrongStatement reports whether the database answered that it does not take the data
// of a statement (SQLSTATE classes 22 and 23). That is a mistake of ours: asking again
// does not help, whatever who wrapped it thought.
func wrongStatement(err error) bool {
	answered, is := errors.AsType[*pgconn.PgError](err)

	return is && (strings.HasPrefix(answered.Code, "22") || strings.HasPrefix(answered.Code, "23")) &&
		slices.Contains([]failure.Code{failure.Unavailable, failure.Internal}, failure.CodeOf(err))
}

// prepare completes the operation. It refuses one that has no row in access.Table().
func (r *router) prepare(op *huma.Operation, input reflect.Type) bool {
	rule, known := access.Find(access.Operation(op.OperationID))

	switch {
	case !known:
		r.refuse("registering " + op.OperationID + ", which access.Table does not have")
	case slices.Contains(r.done, rule.Operation):
		r.refuse("registering " + op.OperationID + " twice")
	case op.Summary == "" || len(op.Tags) != 1:
		r.refuse("registering " + op.OperationID + " (it needs a summary and one tag)")
	default:
		r.done = append(r.done, rule.Operation)
		describe(op, rule, hasBody(input))

		return true
	}

	return false
}

func (r *router) refuse(what string) {
	r.err = errors.Join(r.err, failure.New(failure.Internal, what))
}

func hasBody(input reflect.Type) bool {
	_, has := input.FieldByName("Body")

	return has
}

// defaultBody is how large a body may be where the operation does not say, in bytes:
// sixteen times what any form of staff is.
const defaultBody = 64 << 10

// describe adds to the document what holds for every operation, and makes huma leave
// to the pipeline what the pipeline does: limits and time.
func describe(op *huma.Operation, rule access.Rule, body bool) {
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable)

	if body {
		op.Errors = append(op.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}

	if !rule.Public {
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
		op.Security = []map[string][]string{{securityScheme: {}}}
	} else {
		op.Errors = append(op.Errors, http.StatusForbidden)
		op.Security = []map[string][]string{}
	}

	slices.Sort(op.Errors)
	op.Errors = slices.Compact(op.Errors)
	op.Description = strings.TrimSpace(op.Description + "\n\n" + whoMay(rule))

	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = defaultBody
	}

	op.RejectUnknownQueryParameters = true
	op.BodyReadTimeout = -1 // the pipeline has read the body
}

// whoMay says in words who may call an operation.
func whoMay(rule access.Rule) string {
	if rule.Public {
		return "Anybody may call it, without credentials."
	}

	var who []string
	if rule.Scope != "" {
		who = append(who, "a key with the scope `"+string(rule.Scope)+"`")
	}

	for _, role := range rule.Roles {
		who = append(who, "staff with the role `"+string(role)+"`")
	}

	return "Who may call it: " + strings.Join(who, ", ") + "."
}

// idempotencyParameters are those of every POST that creates.
func idempotencyParameters() []*huma.Param {
	shortest, longest := 1, 255

	return []*huma.Param{{
		Name: idempotency.Header, In: "header", Required: true,
		Description: "A fresh random text for each new thing, the same one for each retry; " +
			"the first answer is given again for as long as the policy says, 30 days without a word.",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Pattern: `^([!#-~][!-~]*|"[!-~]+")$`},
	}}
}
