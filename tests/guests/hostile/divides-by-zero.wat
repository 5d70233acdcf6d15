;; Divides by zero.
(func (export "run") (param $p i32) (result i32) (i32.div_u (local.get $p) (i32.const 0)))
