;; Calls a function through a table as if it had another type.
(type $other (func (param i64 i64) (result i32)))
(table funcref (elem $real))
(func $real (param i32) (result i32) (local.get 0))
(func (export "run") (param $p i32) (result i32)
  (call_indirect (type $other) (i64.const 1) (i64.const 2) (i32.const 0)))
