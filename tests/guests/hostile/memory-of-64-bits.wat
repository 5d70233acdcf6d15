;; Declares a memory of 64-bit addresses, which the engine does not have.
(component (core module (memory i64 1)))
