package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/durationpb"

	"steward/internal/failure"
)

// retention is how long Temporal keeps what ended: long enough to look into a
// weekend's failure, short since Temporal keeps no evidence.
const retention = 72 * time.Hour

// look is the pause between two looks at something that must become visible.
const look = 200 * time.Millisecond

// namespace looks for the namespace and makes it where that is allowed.
func (s *Setup) namespace(ctx context.Context) (Step, error) {
	step := Step{Area: areaNamespace, Name: s.Namespace, Outcome: Unchanged}
	service := s.Temporal.WorkflowService()
	describe := &workflowservice.DescribeNamespaceRequest{Namespace: s.Namespace}

	var missing *serviceerror.NamespaceNotFound

	_, err := service.DescribeNamespace(ctx, describe)
	if err == nil || !errors.As(err, &missing) {
		return step, failure.Wrap(failure.TemporalUnavailable, "looking for the namespace", err)
	}

	_, err = service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: s.Namespace, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		Description: "The promises of the company's policies, kept by Steward.",
	})

	var exists *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return step, failure.Wrap(failure.TemporalUnavailable, "making the namespace", err)
	}

	step.Outcome = Created

	return step, s.until(ctx, "waiting for the namespace", func(ctx context.Context) error {
		_, err := service.DescribeNamespace(ctx, describe)

		return err //nolint:wrapcheck // until says what it was waiting for
	})
}

// attributes registers the search attributes that are missing and waits until
// a query can use all of them: some servers show a new one only after a while.
func (s *Setup) attributes(ctx context.Context) ([]Step, error) {
	var have map[string]enumspb.IndexedValueType

	err := s.known(ctx, func(ctx context.Context) (err error) {
		have, err = Attributes(ctx, s.Temporal, s.Namespace)

		return err
	})
	if err != nil {
		return nil, err
	}

	var steps []Step

	missing := map[string]enumspb.IndexedValueType{}

	for _, key := range s.Attributes {
		step := Step{Area: areaAttributes, Name: key.GetName(), Outcome: Unchanged}

		switch kind, known := have[key.GetName()]; {
		case !known:
			missing[key.GetName()] = key.GetValueType()
			step.Outcome = Created
		case kind != key.GetValueType():
			return steps, failure.New(failure.ConfigInvalid, fmt.Sprintf(
				"registering the search attribute %s (it is %s in this namespace, wanted %s; remove it there first)",
				key.GetName(), kind, key.GetValueType()))
		}

		steps = append(steps, step)
	}

	if len(missing) > 0 {
		if _, err := s.Temporal.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: s.Namespace, SearchAttributes: missing,
		}); err != nil {
			return nil, failure.Wrap(failure.TemporalUnavailable, "registering search attributes", err)
		}
	}

	return steps, s.until(ctx, "waiting for the search attributes", func(ctx context.Context) error {
		return Queryable(ctx, s.Temporal, s.Namespace, s.Attributes)
	})
}

// Attributes are the custom search attributes of a namespace, with their types.
// It fails with TemporalUnavailable.
func Attributes(ctx context.Context, c client.Client, namespace string) (map[string]enumspb.IndexedValueType, error) {
	answer, err := c.OperatorService().ListSearchAttributes(ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, failure.Wrap(failure.TemporalUnavailable, "reading the search attributes", err)
	}

	return answer.GetCustomAttributes(), nil
}

// Queryable asks a question in which every attribute occurs; it fails with
// TemporalUnavailable while one of them is unknown to the visibility store.
func Queryable(ctx context.Context, c client.Client, namespace string, keys []temporal.SearchAttributeKey) error {
	terms := make([]string, len(keys))
	for i, key := range keys {
		terms[i] = key.GetName() + " IS NOT NULL"
	}

	_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: namespace, Query: strings.Join(terms, " AND "),
	})

	return failure.Wrap(failure.TemporalUnavailable, "using the search attributes in a query", err)
}

// known makes a call again while the server does not know the namespace: each of
// its nodes learns of a new one only after a while, some ten seconds.
func (s *Setup) known(ctx context.Context, call func(context.Context) error) error {
	var last error

	err := s.until(ctx, "waiting for the namespace", func(ctx context.Context) error {
		var unknown *serviceerror.NamespaceNotFound
		if last = call(ctx); errors.As(last, &unknown) {
			return last
		}

		return nil
	})
	if err != nil {
		return err
	}

	return last
}

// until tries until it works or the time to wait is over.
func (s *Setup) until(ctx context.Context, doing string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.Wait)
	defer cancel()

	ticker := time.NewTicker(look)
	defer ticker.Stop()

	for {
		err := try(ctx)
		if err == nil {
			return nil
		}

		select {
		case <-ctx.Done():
			return failure.Wrap(failure.TemporalUnavailable, doing, err)
		case <-ticker.C:
		}
	}
}
