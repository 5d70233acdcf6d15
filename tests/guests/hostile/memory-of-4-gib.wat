;; Declares all the memory that 32 bits can address.
(memory (export "memory") 65536)
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
