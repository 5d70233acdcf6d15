;; Calls an empty place of a table.
(type $none (func (result i32)))
(table 4 funcref)
(func (export "run") (param $p i32) (result i32) (call_indirect (type $none) (i32.const 2)))
