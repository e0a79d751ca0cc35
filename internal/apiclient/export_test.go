package apiclient

import (
	"context"
	"time"
)

// Hasty makes a client that does not wait between attempts.
func Hasty(c *Client) *Client {
	c.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }

	return c
}
