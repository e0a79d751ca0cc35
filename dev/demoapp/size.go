package demoapp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// MinAccounts is the smallest number of accounts: one that holds the canaries, and another customer beside it.
const MinAccounts = 2

// MinDisplays is the smallest number of displays: the first one holds canaries.
const MinDisplays = 1

// Size says how much data there is, and which. Two fills of one Size hold the same rows.
type Size struct {
	// Accounts is the number of customer companies, at least MinAccounts.
	Accounts int
	// Displays is the number of popups shown, at least MinDisplays; leads are a twentieth of it.
	Displays int
	// Seed picks one of the worlds of this size.
	Seed uint64
	// AsOf is the instant at which the world stops: nothing in it is younger. Zero means Epoch.
	AsOf time.Time
}

// Epoch is where the world stops when Size.AsOf is zero. It is fixed so that a size alone names its rows.
func Epoch() time.Time { return time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC) }

// ErrSize says that a Size is too small to hold the canaries.
var ErrSize = errors.New("the demo app is too small")

func (s Size) check() error {
	if s.Accounts < MinAccounts || s.Displays < MinDisplays {
		return fmt.Errorf("%w: %d accounts (at least %d), %d displays (at least %d)",
			ErrSize, s.Accounts, MinAccounts, s.Displays, MinDisplays)
	}
	return nil
}

func (s Size) asOf() time.Time {
	if s.AsOf.IsZero() {
		return Epoch()
	}
	return s.AsOf.UTC().Truncate(time.Second)
}

// Filled reads which Size the database at url was filled with. It answers false, without an error, when the schema is
// missing or empty.
func Filled(ctx context.Context, url string) (Size, bool, error) {
	conn, err := connect(ctx, url)
	if err != nil {
		return Size{}, false, err
	}
	defer disconnect(ctx, conn)
	installed, err := installedVersion(ctx, conn)
	if err != nil || installed == 0 {
		return Size{}, false, err
	}
	return readFill(ctx, conn)
}

func readFill(ctx context.Context, conn *pgx.Conn) (Size, bool, error) {
	var (
		size Size
		seed string
		asOf *time.Time
	)
	row := conn.QueryRow(ctx, `SELECT accounts, displays, seed::text, as_of FROM app.demo_fill`)
	err := row.Scan(&size.Accounts, &size.Displays, &seed, &asOf)
	if errors.Is(err, pgx.ErrNoRows) {
		return Size{}, false, nil
	}
	if err != nil {
		return Size{}, false, fmt.Errorf("reading what the demo app was filled with: %w", err)
	}
	if size.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
		return Size{}, false, fmt.Errorf("reading the seed of the demo app: %w", err)
	}
	if asOf != nil {
		size.AsOf = asOf.UTC()
	}
	return size, true, nil
}
