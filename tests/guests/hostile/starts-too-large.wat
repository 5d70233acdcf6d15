;; Declares a memory that is larger than the flow's limit, though not than the server's.
(memory (export "memory") 320)
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
