// Package fetch sends HTTP requests. The definition asks for each host with action.HTTP(host, methods…). Allow-list, address
// checks, quotas and secrets' stand-ins are weir's business.
//
//	response, err := fetch.Get("https://rates.example.com/CHF").Timeout(2 * time.Second).Send()
//	if err != nil {
//		return none, err
//	}
//	if err := response.OK(); err != nil {
//		return none, err
//	}
//	var rate struct{ Rate float64 }
//	err = response.JSON(&rate)
package fetch

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"weir.dev/action"
	"weir.dev/action/internal/host"
)

// Error is why there is no answer; find it with errors.As. An action that returns it lets the flow's retry rule apply where waiting can help.
type Error struct {
	// Reason is what happened.
	Reason Reason
	// Text says more, where there is more to say.
	Text string
}

// Reason is a kind of [Error].
type Reason uint8

// The reasons why there is no answer.
const (
	Denied        Reason = iota // not granted, or the address is not allowed
	QuotaExceeded               // the step's number of requests or bytes is used up
	TimedOut                    // no answer in time
	TooLarge                    // the request is larger than the limit
	DNS                         // the host's name was not resolved
	Connect                     // no connection
	TLS                         // the TLS handshake failed
	Protocol                    // the other side does not speak HTTP properly
	Malformed                   // the request itself makes no sense
)

// String says it in words.
func (r Reason) String() string {
	words := [...]string{
		"the request is not allowed", "the step's requests are used up", "no answer in time", "the request is too large",
		"the host's name was not resolved", "no connection", "the TLS handshake failed",
		"the other side does not speak HTTP properly", "the request makes no sense",
	}
	if int(r) < len(words) {
		return words[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Error says what happened.
func (e *Error) Error() string {
	if e.Text == "" {
		return e.Reason.String()
	}
	return e.Reason.String() + ": " + e.Text
}

// Retryable says whether waiting can help.
func (e *Error) Retryable() bool {
	switch e.Reason {
	case TimedOut, DNS, Connect, TLS, Protocol:
		return true
	}
	return false
}

// Request is a request that is not sent yet. Its methods change it and return it, so that they can be chained.
type Request struct {
	wire host.Request
	err  error
}

// Get is a GET request of an absolute `http` or `https` URL.
//
//	response, err := fetch.Get("https://rates.example.com/CHF").Send()
func Get(url string) *Request { return New("GET", url) }

// Post is a POST request to an absolute `http` or `https` URL.
//
//	response, err := fetch.Post("https://crm.example.com/leads").JSON(lead).Send()
func Post(url string) *Request { return New("POST", url) }

// New is a request with any method, in any case, to an absolute `http` or `https` URL.
//
//	response, err := fetch.New("DELETE", "https://crm.example.com/leads/7").Send()
func New(method, url string) *Request {
	return &Request{wire: host.Request{Method: strings.ToUpper(method), URL: url}}
}

// Header adds a header; one that is there stays.
//
//	request.Header("accept", "application/json")
func (r *Request) Header(name, value string) *Request {
	r.wire.Headers = append(r.wire.Headers, host.Header{Name: name, Value: []byte(value)})
	return r
}

// Body sets the body, which is copied; the content type is the caller's to say.
//
//	request.Header("content-type", "text/plain").Body([]byte("Grüezi"))
func (r *Request) Body(body []byte) *Request {
	r.wire.Body = append([]byte{}, body...)
	return r
}

// JSON sets a JSON body and its content type. A value that is no JSON is the error of [Request.Send].
//
//	request.JSON(map[string]any{"email": lead.Email})
func (r *Request) JSON(value any) *Request {
	body, err := json.Marshal(value)
	if err != nil {
		r.err = fmt.Errorf("the request's body: %w", err)
		return r
	}
	return r.Header("content-type", "application/json").Body(body)
}

// Timeout is how long to wait for the whole answer, in whole milliseconds rounded up; never longer than the step's own
// time.
//
//	request.Timeout(1500 * time.Millisecond)
func (r *Request) Timeout(wait time.Duration) *Request {
	r.wire.TimeoutMs = uint32(min(max(1, host.Milliseconds(wait)), math.MaxUint32))
	return r
}

// Send sends the request and waits for the answer, whatever its status. The error is an [*Error] if none came.
//
//	response, err := request.Send()
//	var failure *fetch.Error
//	if errors.As(err, &failure) && failure.Reason == fetch.TimedOut {
//		return action.To("slow", score), nil
//	}
func (r *Request) Send() (*Response, error) {
	if r.err != nil {
		return nil, r.err
	}
	wire, problem := host.Send(r.wire)
	if problem != nil {
		return nil, &Error{Reason: Reason(problem.Code), Text: problem.Text}
	}
	return &Response{Status: int(wire.Status), Body: wire.Body, Truncated: wire.Truncated, headers: wire.Headers}, nil
}

// Response is an answer.
type Response struct {
	// Status is the status code.
	Status int
	// Body is the body, cut to the step's limit.
	Body []byte
	// Truncated says whether the body was cut.
	Truncated bool

	headers []host.Header
}

// Header is the first header of a name, in any case; empty where there is none.
//
//	etag := response.Header("ETag")
func (r *Response) Header(name string) string {
	for _, header := range r.headers {
		if strings.EqualFold(header.Name, name) {
			return string(header.Value)
		}
	}
	return ""
}

// JSON reads the body into value, which is a pointer. The error says that it does not fit, or that it was cut.
//
//	var rate struct{ Rate float64 }
//	err := response.JSON(&rate)
func (r *Response) JSON(value any) error {
	if r.Truncated {
		return errors.New("the answer's body is larger than the step's limit")
	}
	if err := json.Unmarshal(r.Body, value); err != nil {
		return fmt.Errorf("the answer's body: %w", err)
	}
	return nil
}

// OK is nil for the status 200 to 299. For 408, 425, 429 and 500 to 599 it is retryable, with the pause that
// `Retry-After` asks for in seconds; for others it is a failure with `status` in its detail.
//
//	if err := response.OK(); err != nil {
//		return none, err
//	}
func (r *Response) OK() error {
	switch status := r.Status; {
	case status >= 200 && status <= 299:
		return nil
	case status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599):
		seconds, _ := strconv.ParseUint(strings.TrimSpace(r.Header("retry-after")), 10, 31)
		return action.Retry(time.Duration(seconds)*time.Second, "the service answered %d", status)
	default:
		return action.Failed(fmt.Sprintf("the service answered %d", status), map[string]any{"status": status})
	}
}
