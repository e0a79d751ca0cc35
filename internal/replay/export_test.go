package replay

import (
	"context"
	"time"
)

// LookBy is Look by pages of another size.
func (r Records) LookBy(ctx context.Context, asOf time.Time, page int) (Swept, error) {
	return r.look(ctx, asOf, page)
}
