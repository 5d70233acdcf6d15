package action

// Lazy is an Input that is not parsed: the package payload reads the parts that the action needs.
//
//	action.Definition[Config, action.Lazy, Total]{…}
type Lazy struct{}

// UnmarshalJSON takes anything.
func (Lazy) UnmarshalJSON([]byte) error { return nil }

// MarshalJSON says that nothing was read.
func (Lazy) MarshalJSON() ([]byte, error) { return []byte("null"), nil }
