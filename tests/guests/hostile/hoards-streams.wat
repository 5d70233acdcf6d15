;; Opens standard output over and over and closes nothing.
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(func (export "run") (param $p i32) (result i32)
  (loop $again (drop (call $stdout)) (br $again))
  unreachable)
