;; Ends the process, as it may think.
(import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))
(func (export "run") (param $p i32) (result i32)
  (call $exit (i32.const 0))
  unreachable)
