;; Loops without an end.
(func (export "run") (param $p i32) (result i32)
  (loop $again (br $again))
  unreachable)
