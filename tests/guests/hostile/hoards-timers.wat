;; Sets timers and lets none go.
(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $timer (param i64) (result i32)))
(func (export "run") (param $p i32) (result i32)
  (loop $again (drop (call $timer (i64.const 1))) (br $again))
  unreachable)
