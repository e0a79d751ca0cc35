package gcs

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

const (
	// rewriteUnit is what maxBytesRewrittenPerCall must be a multiple of (json_api/v1/objects/rewrite).
	rewriteUnit = 1 << 20
	// rewriteStep is what one call of a rewrite between locations does when the caller names no number. The
	// service does more and says not how much; a small step makes every client meet the second call.
	rewriteStep = 8 << 20
)

// rewriteProgress is what a rewrite token holds: what is rewritten to where, and how far it came. It needs no
// memory of the emulator, so that a token outlives a restart.
type rewriteProgress struct {
	From       string `json:"from"`
	Name       string `json:"name"`
	Generation int64  `json:"generation"`
	Step       int64  `json:"step"`
	To         string `json:"to"`
	As         string `json:"as"`
	Done       int64  `json:"done"`
}

func (p rewriteProgress) token() (string, error) {
	raw, err := json.Marshal(p)
	return base64.URLEncoding.EncodeToString(raw), err
}

// step gives how far this call comes: to the end in one step where source and destination share location and
// storage class, else a part of it. A token must come back with the request that it was given for.
func (c *call) step(v *version, from, to *bucket) (rewriteProgress, error) {
	wanted, err := c.rewriteUnits()
	if err != nil {
		return rewriteProgress{}, err
	}
	now := rewriteProgress{
		From: from.Name, Name: c.objectName(), Generation: v.Generation, To: to.Name, As: c.params["toObject"],
		Step: cmp.Or(wanted, rewriteStep),
	}
	if text := c.query.Get("rewriteToken"); text != "" {
		before, err := readRewriteToken(text)
		if err != nil {
			return rewriteProgress{}, err
		}
		now.Done = before.Done
		if before != now {
			return rewriteProgress{}, invalid("The rewrite token is of another request.")
		}
	}
	if from.Fields.text("location") == to.Fields.text("location") && from.config.StorageClass == to.config.StorageClass {
		now.Step = v.Size
	}
	now.Done = min(v.Size, now.Done+now.Step)
	return now, nil
}

func (c *call) rewriteUnits() (int64, error) {
	text := c.query.Get("maxBytesRewrittenPerCall")
	if text == "" {
		return 0, nil
	}
	units, err := strconv.ParseInt(text, 10, 64)
	if err != nil || units <= 0 || units%rewriteUnit != 0 {
		return 0, invalid("maxBytesRewrittenPerCall must be a multiple of %d.", rewriteUnit)
	}
	return units, nil
}

func readRewriteToken(text string) (rewriteProgress, error) {
	var p rewriteProgress
	raw, err := base64.URLEncoding.DecodeString(text)
	if errors.Join(err, json.Unmarshal(raw, &p)) != nil {
		return p, invalid("The rewrite token is invalid.")
	}
	return p, nil
}

// unfinished answers a call that did a part.
func (c *call) unfinished(p rewriteProgress, size int64) error {
	token, err := p.token()
	if err != nil {
		return err
	}
	more := answer("rewriteResponse")
	more["done"], more["rewriteToken"] = false, token
	more["objectSize"], more["totalBytesRewritten"] = strconv.FormatInt(size, 10), strconv.FormatInt(p.Done, 10)
	return c.reply(http.StatusOK, more)
}
