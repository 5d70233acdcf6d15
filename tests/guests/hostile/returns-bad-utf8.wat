;; Returns a text that is no UTF-8.
(data (i32.const 4096) "\22\ff\fe\22")
(func (export "run") (param $p i32) (result i32) (call $answer (i32.const 4096) (i32.const 4)))
