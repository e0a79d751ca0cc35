package apiclient

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Pages reads a list, page by page, until take says that no other follows: it gets
// each page and gives its next_cursor. It fails as Do does.
func Pages[P any](ctx context.Context, c *Client, path string, take func(page P) (next string)) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}

	at := path

	for {
		var page P
		if err := c.Do(ctx, http.MethodGet, at, nil, &page); err != nil {
			return err
		}

		next := take(page)
		if next == "" {
			return nil
		}

		at = path + separator + "cursor=" + url.QueryEscape(next)
	}
}
