package failure

// The codes of what can be wrong with a request to the API, whatever it asks for.
const (
	RequestMalformed    Code = "request_malformed"
	RequestInvalid      Code = "request_invalid"
	RequestTooLarge     Code = "request_too_large"
	RequestTooSlow      Code = "request_too_slow"
	MediaTypeWrong      Code = "media_type_wrong"
	RouteUnknown        Code = "route_unknown"
	MethodWrong         Code = "method_wrong"
	NotFound            Code = "not_found"
	CredentialsNeeded   Code = "credentials_needed"
	NotPermitted        Code = "not_permitted"
	CallerNotDirect     Code = "caller_not_direct"
	TooManyRequests     Code = "too_many_requests"
	TooBusy             Code = "too_busy"
	Ending              Code = "ending"
	IdempotencyMissing  Code = "idempotency_key_missing"
	IdempotencyReused   Code = "idempotency_key_reused"
	IdempotencyRunning  Code = "idempotency_key_running"
	IdempotencyNotYours Code = "idempotency_key_not_yours"
	CursorInvalid       Code = "cursor_invalid"
)

// requests are the rows about a request to the API.
func requests() []Row {
	const document = "See the document of the API at /openapi.json, or docs/api.md"

	return []Row{
		{RequestMalformed, "the request cannot be read", document, false, Usage, false},
		{RequestInvalid, "the request says something that the document of the API does not allow", document, false, Usage, false},
		{RequestTooLarge, "the request is larger than the operation takes", "Send it in several parts.", false, Usage, false},
		{RequestTooSlow, "the request did not arrive in time", "Send it again.", true, Failed, false},
		{MediaTypeWrong, "the body is not application/json in UTF-8", document, false, Usage, false},
		{RouteUnknown, "there is nothing at this address", document, false, Usage, false},
		{MethodWrong, "this address does not take that method", document, false, Usage, false},
		{NotFound, "there is no such thing", "Check the id in the address.", false, Usage, false},
		{
			CredentialsNeeded, "credentials are needed, and none that hold were shown",
			"Send the header Authorization with Bearer and a key or token that has not ended.", false, NotAllowed, false,
		},
		{
			NotPermitted, "the credentials are good for other things",
			"See docs/api.md for who may call what; an operator can give another scope or role.", false, NotAllowed, false,
		},
		{
			CallerNotDirect, "this address is for the configured proxies only",
			"Call through the proxy, or add its network to STEWARD_API_PROXIES.", false, NotAllowed, false,
		},
		{TooManyRequests, "too many requests", "Wait as long as the header Retry-After says.", true, Failed, false},
		{TooBusy, "the service has more to do than it can take", "Wait as long as the header Retry-After says.", true, Failed, false},
		{Ending, "this process is ending", "Send it again; another process takes it.", true, Failed, false},
		{
			IdempotencyMissing, "the header Idempotency-Key is missing or not of 1 to 255 visible ASCII characters",
			"Send a fresh random one with each new thing, and the same one with each retry.", false, Usage, false,
		},
		{
			IdempotencyReused, "the Idempotency-Key was used for another request",
			"Send a fresh random one with each new thing.", false, Usage, false,
		},
		{
			IdempotencyRunning, "the first request with this Idempotency-Key is still running",
			"Send it again in a moment.", true, Failed, false,
		},
		{
			IdempotencyNotYours, "it was done, and its answer is only told to the credential that asked first",
			"Look at what is there; what was shown once only must be made anew.", false, Failed, false,
		},
		{CursorInvalid, "the cursor is not one that this list gave", "Begin again without a cursor.", false, Usage, false},
	}
}
