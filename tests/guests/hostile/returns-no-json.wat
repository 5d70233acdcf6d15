;; Returns what is no JSON.
(data (i32.const 4096) "{\"a\":")
(func (export "run") (param $p i32) (result i32) (call $answer (i32.const 4096) (i32.const 5)))
