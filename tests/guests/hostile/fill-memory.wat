;; Fills 12 MiB over and over with one instruction each.
(func (export "run") (param $p i32) (result i32)
  (drop (memory.grow (i32.const 192)))
  (loop $again (memory.fill (i32.const 65536) (i32.const 7) (i32.const 12582912)) (br $again))
  unreachable)
