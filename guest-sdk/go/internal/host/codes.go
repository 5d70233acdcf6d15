package host

// Why the store did not do something; the order is the contract's.
const (
	KVNotGranted uint8 = iota
	KVQuotaExceeded
	KVValueTooLarge
	KVConflict
	KVUnavailable
)

// Why there is no secret; the order is the contract's.
const (
	SecretNotGranted uint8 = iota
	SecretNotFound
)

// Why there is no answer to a request; the order is the contract's.
const (
	HTTPDenied uint8 = iota
	HTTPQuotaExceeded
	HTTPTimeout
	HTTPTooLarge
	HTTPDNS
	HTTPConnect
	HTTPTLS
	HTTPProtocol
	HTTPInvalid
)
