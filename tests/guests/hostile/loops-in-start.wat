;; Loops before anything is called.
(func $start (loop $again (br $again)))
(start $start)
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
