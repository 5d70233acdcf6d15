;; Gives the host memory that it does not have.
(global $calls (mut i32) (i32.const 0))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
  (if (i32.ge_u (global.get $calls) (i32.const 3)) (then (return (i32.const 0xfffffff8))))
  (call $alloc (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
