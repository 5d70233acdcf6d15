;; Declares a table of ten million places.
(table 10000000 funcref)
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
