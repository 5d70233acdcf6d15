package host

import "unsafe"

//go:wasmimport weir:action/http@1.0.0 send
func httpSend(method unsafe.Pointer, methodSize uint32, url unsafe.Pointer, urlSize uint32,
	headers unsafe.Pointer, count uint32, someBody uint32, body unsafe.Pointer, bodySize uint32,
	someTimeout uint32, timeout uint32, result unsafe.Pointer)

// Send sends a request and waits for the answer.
func Send(request Request) (Response, *Problem) {
	before := len(kept)
	headers := make([]uint32, 0, 4*len(request.Headers)+1)
	for _, header := range request.Headers {
		name, nameSize := keep(header.Name)
		value, valueSize := keepBytes(header.Value)
		headers = append(headers, name, nameSize, value, valueSize)
	}
	httpSend(data(request.Method), size(request.Method), data(request.URL), size(request.URL),
		unsafe.Pointer(unsafe.SliceData(headers)), uint32(len(request.Headers)),
		flag(request.Body != nil), unsafe.Pointer(unsafe.SliceData(request.Body)), uint32(len(request.Body)),
		flag(request.TimeoutMs > 0), request.TimeoutMs, result())
	kept = kept[:before]
	if tag(0) != 0 {
		problem := &Problem{Code: tag(4)}
		if problem.Code != HTTPQuotaExceeded && problem.Code != HTTPTimeout && problem.Code != HTTPTooLarge {
			problem.Text = areaString(8)
		}
		return Response{}, problem
	}
	response := Response{Status: uint16(word(4)), Body: take(word(16), word(20)), Truncated: tag(24) != 0}
	words := takeWords(word(8), word(12), 4)
	for ; len(words) >= 4; words = words[4:] {
		header := Header{Name: takeString(words[0], words[1]), Value: take(words[2], words[3])}
		response.Headers = append(response.Headers, header)
	}
	return response, nil
}
