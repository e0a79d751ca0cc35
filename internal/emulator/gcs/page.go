package gcs

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// maxPage is the largest page of a listing, and the default (json_api/v1/objects/list).
const maxPage = 1000

// pageSize reads maxResults; larger values are cut to maxPage as the service does.
func (c *call) pageSize() (int, error) {
	text := c.query.Get("maxResults")
	if text == "" {
		return maxPage, nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size <= 0 {
		return 0, invalid("Invalid value for maxResults: %q.", text)
	}
	return min(size, maxPage), nil
}

// pageToken says where a listing goes on: after this version of this name, or after every name that begins
// with this prefix. It names a place in the order and not a snapshot: what changes meanwhile is seen or not,
// as in the real service.
type pageToken struct {
	Name       string `json:"n,omitempty"`
	Generation int64  `json:"g,omitempty"`
	Prefix     string `json:"p,omitempty"`
}

func (t pageToken) encode() string {
	raw, err := json.Marshal(t)
	if err != nil {
		return "" // cannot happen for two strings and a number
	}
	return base64.URLEncoding.EncodeToString(raw)
}

func decodeToken(text string) (pageToken, error) {
	var t pageToken
	if text == "" {
		return t, nil
	}
	raw, err := base64.URLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	if err != nil {
		return t, invalid("Invalid value for pageToken.")
	}
	return t, nil
}
