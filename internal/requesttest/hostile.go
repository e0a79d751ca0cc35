package requesttest

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// hurt makes a request hostile, in one of many ways.
func (g *Generator) hurt(made *Request) {
	all := []func(*Generator, *Request){
		hurtBody, hurtBody, hurtBody, hurtTarget, hurtTarget, hurtQuery, hurtCursor, hurtCursor, hurtType, hurtHeaders, hurtCredentials, hurtMethod,
	}
	all[g.Random.IntN(len(all))](g, made)
}

func hurtBody(g *Generator, made *Request) {
	bodies := []string{
		"", "{", "[", "null", "0", `""`, "\xff\xfe", "\xef\xbb\xbf{}", "{}{}", `{"a":1,"a":2}`, `{"\u0000":1}`, `["\ud800"]`, "1e999",
		`{"at":1e999}`, strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 50_000), `{"a":"` + strings.Repeat("x", 1<<20) + `"}`,
		"[" + strings.Repeat("1,", 300_000) + "1]", `{"__proto__":{}}`, `{"account":"` + "\u202eadA" + `"}`, "<xml/>", "a=b&c=d",
		strings.Replace(made.Body, `:`, `:{"a":`, 1), strings.Replace(made.Body, `"`, `"\u0000`, 3), strings.ToUpper(made.Body),
		made.Body + made.Body, strings.ReplaceAll(made.Body, `"`, "'"), made.Body + strings.Repeat(" ", 1<<17),
		strings.Replace(made.Body, "}", `,"x":null}`, 1), strings.Replace(made.Body, "{", `{"id":"' or 1=1 --",`, 1),
	}
	made.Body = bodies[g.Random.IntN(len(bodies))]
}

// hurtTarget changes the address. What cannot be sent at all is found out by who sends.
func hurtTarget(g *Generator, made *Request) {
	parts := []string{
		"%00", "%ff", "%2f", "%2e%2e", "..", "%25", "%0d%0a", "%e2%80%ae", strings.Repeat("a", 9000), "'%20or%201=1--", "%F0%9F%98%80", ";a=b", "-1", "null",
		"9999999999999999999999",
	}
	part := parts[g.Random.IntN(len(parts))]
	path, query, _ := strings.Cut(made.Target, "?")

	switch g.Random.IntN(3) {
	case 0:
		path += "/" + part
	case 1:
		path = path[:strings.LastIndex(path, "/")+1] + part
	default:
		path = "/" + path
	}

	made.Target = path
	if query != "" {
		made.Target += "?" + query
	}
}

func hurtQuery(g *Generator, made *Request) {
	queries := []string{
		"limit=50&limit=1", "limit=", "limit=%00", "limit=1e3", "limit=99999999999999999999", "cursor=%00", "cursor=%ff", "cursor=AAAA", "cursor=" + strings.Repeat("A", 2000),
		"cursor=e30", "cursor=eyJsIjoiYmFja3VwcyIsImsiOnsiZGF5IjoieCJ9fQ", "cursor=eyJsIjoiYmFja3VwcyIsImsiOnsiZGF5IjoiMDAwMC0wMS0wMSJ9fQ",
		"a=1;b=2", "%zz", "=", "&&&", "x[y]=1", "limit[]=1", strings.Repeat("a=1&", 3000), url.QueryEscape("ada@example.com") + "=1",
	}
	path, _, _ := strings.Cut(made.Target, "?")
	made.Target = path + "?" + queries[g.Random.IntN(len(queries))]
}

// hurtCursor shows a cursor of the right form that no list ever gave. That cursors are
// base64url of JSON nobody promises; whoever looks at one sees it.
func hurtCursor(g *Generator, made *Request) {
	names := []string{
		"keys", "staff", "acts", "access-log", "mail", "tasks-open", "tasks-done", "backups", "erasures", "webhook-deliveries", "webhook-endpoints", "promises",
	}
	path, _, _ := strings.Cut(made.Target, "?")

	// Mostly that of the list itself, as far as the address tells.
	name := names[g.Random.IntN(len(names))]
	if g.Random.IntN(3) > 0 {
		last := path[strings.LastIndex(path, "/")+1:]
		own := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, last) || strings.HasSuffix(name, last) })
		name = names[max(own, 0)]
	}

	texts := []string{`"\u0000"`, `"\ud800"`, "\"\xff\"", `""`, `"' or 1=1 --"`, `"\u202e"`, `null`, `0`, `-1`, `9223372036854775807`, `1e999`, `[]`, `{}`, `true`}
	times := []string{`"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999999999+14:00"`, `"2026-11-22T12:00:00Z"`, `null`, `0`}
	text := func(all []string) string { return all[g.Random.IntN(len(all))] }
	key := text(texts)

	switch g.Random.IntN(3) {
	case 0:
		key = `{"at":` + text(times) + `,"id":` + text(texts) + `}`
	case 1:
		key = `{"day":` + text(texts) + `,"database":` + text(texts) + `}`
	}

	cursor := base64.RawURLEncoding.EncodeToString([]byte(`{"l":"` + name + `","k":` + key + `}`))
	made.Target = path + "?cursor=" + cursor
}

func hurtType(g *Generator, made *Request) {
	all := []string{"", "text/plain", "application/json; charset=utf-16", "application/json;;", "application/xml", "multipart/form-data", "application/x+json", "*/*"}
	made.Headers.Set("Content-Type", all[g.Random.IntN(len(all))])
}

func hurtHeaders(g *Generator, made *Request) {
	all := [][2]string{
		{"Accept", "text/html"},
		{"Accept", strings.Repeat("a", 5000)},
		{"Idempotency-Key", ""},
		{"Idempotency-Key", strings.Repeat("k", 256)},
		{"Idempotency-Key", `"half`},
		{"Idempotency-Key", "tab\tin it"},
		{"X-Forwarded-For", "1.1.1.1"},
		{"CF-Connecting-IP", "1.1.1.1"},
		{"X-Request-Id", "ada@example.com"},
		{"Expect", "100-continue"},
		{"Range", "bytes=0-1"},
		{"If-Match", "*"},
		{"Cookie", "session=1"},
		{"Accept-Encoding", "gzip, br"},
		{"Content-Encoding", "gzip"},
		{"Host", "evil.example.com"},
		{"X-HTTP-Method-Override", "DELETE"},
	}
	one := all[g.Random.IntN(len(all))]
	made.Headers.Set(one[0], one[1])
}

// Credentials is the header that stands in for what the test would send.
const Credentials = "Authorization"

func hurtCredentials(g *Generator, made *Request) {
	all := []string{
		"Bearer", "Bearer ", "Basic YWRhOnNlY3JldA==", "Bearer " + strings.Repeat("x", 5000), "bearer \xff", "Bearer stw_app_x", "Bearer a b", "stw_staff_x",
		"Bearer ' or 1=1 --", "Bearer null",
	}
	made.Headers.Set(Credentials, all[g.Random.IntN(len(all))])
}

func hurtMethod(g *Generator, made *Request) {
	all := []string{"OPTIONS", "TRACE", "PATCH", "PUT", "DELETE", "HEAD", "PROPFIND", "get"}
	made.Method = all[g.Random.IntN(len(all))]
}
