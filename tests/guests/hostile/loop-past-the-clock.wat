;; Loops with so much fuel that the clock has to stop it.
(func (export "run") (param $p i32) (result i32)
  (loop $again (br $again))
  unreachable)
