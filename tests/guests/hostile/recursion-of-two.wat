;; Two functions call each other without an end, one of them through a table.
(type $step (func (param i32) (result i32)))
(table funcref (elem $even $odd))
(func $even (param $n i32) (result i32)
  (i32.add (call_indirect (type $step) (local.get $n) (i32.const 1)) (i32.const 1)))
(func $odd (param $n i32) (result i32) (i32.add (call $even (local.get $n)) (i32.const 1)))
(func (export "run") (param $p i32) (result i32) (call $even (local.get $p)))
