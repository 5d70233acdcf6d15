;; Calls itself by a name that leads out of any folder.
(data (i32.const 4096) "../../etc/passwd")
(func (export "describe") (result i32)
  (i32.store (i32.const 1024) (i32.const 4096))
  (i32.store (i32.const 1028) (i32.const 16))
  (i32.const 1024))
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
