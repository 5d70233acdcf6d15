;; Traps before anything is called.
(func $start unreachable)
(start $start)
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
