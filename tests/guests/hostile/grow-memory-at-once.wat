;; Asks for two gigabytes in one go, and aborts where it does not get them.
(func (export "run") (param $p i32) (result i32)
  (if (i32.eq (memory.grow (i32.const 32768)) (i32.const -1)) (then unreachable))
  (call $echo (local.get $p)))
