;; Leaves by an exit that it never declared.
(data (i32.const 4096) "sideways")
(func (export "run") (param $p i32) (result i32)
  (drop (call $echo (local.get $p)))
  (i32.store (i32.const 268) (i32.const 1))
  (i32.store (i32.const 272) (i32.const 4096))
  (i32.store (i32.const 276) (i32.const 8))
  (i32.const 256))
