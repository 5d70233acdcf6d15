;; Imports a function that belongs to no interface.
(component (import "system" (func (param "command" string))))
