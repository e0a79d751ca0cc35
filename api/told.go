package main

import (
	"time"

	"steward/internal/account"
)

// registeredAnswer is an account as it is told to whoever registers it.
type registeredAnswer struct {
	Body registeredBody
}

// registeredBody is what accounts:write is told: what it says itself, and the state. The
// rest takes accounts:read.
type registeredBody struct {
	ID           string     `json:"id" maxLength:"36" doc:"The app's integer or UUID, or the id that Steward gave."`
	State        string     `json:"state" enum:"alive,closing,closed" doc:"How far it has come; news make a closing account alive again."`
	RegisteredAt time.Time  `json:"registered_at" doc:"When Steward first heard of it."`
	CreatedAt    *time.Time `json:"created_at,omitempty" doc:"When it began in the app, if the app said so."`
}

func registeredOf(found account.Account) registeredBody {
	return registeredBody{
		ID: found.ID, State: string(found.State), RegisteredAt: found.RegisteredAt, CreatedAt: known(found.CreatedAt),
	}
}

// subscriptionAnswer is an account as it is told to whoever knows of its subscription.
type subscriptionAnswer struct {
	Body subscriptionBody
}

// subscriptionBody is what subscriptions:write is told: what it says itself, and the
// state. When anybody was last active takes accounts:read.
type subscriptionBody struct {
	ID          string     `json:"id" maxLength:"36" doc:"The app's integer or UUID, or the id that Steward gave."`
	State       string     `json:"state" enum:"alive,closing,closed" doc:"How far the account has come; news make a closing one alive again."`
	Subscribed  bool       `json:"subscribed" doc:"The newest word on the subscription is not that it ends."`
	PaidAt      *time.Time `json:"paid_at,omitempty" doc:"The newest payment."`
	PaidUntil   *time.Time `json:"paid_until,omitempty" doc:"Until when the subscription is paid, by the newest event that says so."`
	CancelledAt *time.Time `json:"cancelled_at,omitempty" doc:"The newest cancellation."`
}

func subscriptionOf(found account.Account) subscriptionBody {
	return subscriptionBody{
		ID: found.ID, State: string(found.State), Subscribed: found.Subscribed(), PaidAt: known(found.PaidAt),
		PaidUntil: known(found.PaidUntil), CancelledAt: known(found.CancelledAt),
	}
}
