package smtpsink

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"
)

//go:embed page.html
var pageSource string

//nolint:gochecknoglobals // made once, of what is compiled in
var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// shown is how many mails the page lists.
const shown = 50

// maxFaulty is how many mails can be asked to fail at once.
const maxFaulty = 1000

// letter is one mail as the page shows it.
type letter struct {
	Name, From, To, Subject, Date, MessageID, Text, HTML string
}

// Handler serves the page: the newest mails, each by itself, and the switch for faults.
func (s *Sink) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.list)
	mux.HandleFunc("GET /mail/{name}", s.html)
	mux.HandleFunc("POST /fail", s.fail)
	// A page of another site must not look in here, nor press the switch.
	return onlyLoopback(http.NewCrossOriginProtection().Handler(mux))
}

// onlyLoopback refuses requests that name another host: a name that was made to lead to
// this machine would let a stranger's page read mails.
func onlyLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if address, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !address.IsLoopback()) {
			http.Error(w, "this page is for this machine only", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *Sink) list(w http.ResponseWriter, _ *http.Request) {
	names, err := s.store.List()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fault, left := s.faults.now()
	view := struct {
		Letters []letter
		Total   int
		Faults  []Fault
		Fault   Fault
		Left    int
	}{Total: len(names), Faults: Faults(), Fault: fault, Left: left}
	for _, name := range names[:min(shown, len(names))] {
		content, err := s.store.Get(name)
		if err != nil {
			continue // it went meanwhile, as the oldest do
		}
		view.Letters = append(view.Letters, read(name, content))
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// Whoever asked may have gone; nobody is left to be told.
	_, _ = w.Write(page.Bytes()) //nolint:errcheck // see above
}

// html shows the HTML of one mail in a sandbox: it runs nothing and loads nothing.
func (s *Sink) html(w http.ResponseWriter, r *http.Request) {
	content, err := s.store.Get(r.PathValue("name"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// As above.
	_, _ = io.WriteString(w, read("", content).HTML) //nolint:errcheck // see above
}

func (s *Sink) fail(w http.ResponseWriter, r *http.Request) {
	count, err := strconv.Atoi(r.PostFormValue("count"))
	if err != nil || count > maxFaulty || !s.Fail(Fault(r.PostFormValue("fault")), count) {
		http.Error(w, "name a fault and how many mails it is for", http.StatusUnprocessableEntity)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// read takes a mail apart; what cannot be read is shown as it is.
func read(name string, content []byte) letter {
	one := letter{Name: name, Text: string(content)}
	parsed, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return one
	}
	one.From, one.To = decoded(parsed.Header.Get("From")), decoded(parsed.Header.Get("To"))
	one.Subject, one.Date = decoded(parsed.Header.Get("Subject")), parsed.Header.Get("Date")
	one.MessageID = parsed.Header.Get("Message-ID")
	kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return one
	}
	parts := multipart.NewReader(parsed.Body, parameters["boundary"])
	for part, err := parts.NextRawPart(); err == nil; part, err = parts.NextRawPart() {
		body, err := partOf(part)
		if err != nil {
			continue // the whole mail is shown in its place
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			one.HTML = body
		} else {
			one.Text = body
		}
	}
	return one
}

func partOf(part *multipart.Part) (string, error) {
	var body io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(part)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxMail))
	if err != nil {
		return "", fmt.Errorf("reading a part of a mail: %w", err)
	}
	return string(text), nil
}

func decoded(text string) string {
	plain, err := new(mime.WordDecoder).DecodeHeader(text)
	if err != nil {
		return text
	}
	return plain
}
