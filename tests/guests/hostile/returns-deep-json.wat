;; Returns 100,000 lists within one another: a reader that recurses would overflow the host's stack.
(func (export "run") (param $p i32) (result i32)
  (drop (memory.grow (i32.const 4)))
  (memory.fill (i32.const 65536) (i32.const 91) (i32.const 100000))
  (memory.fill (i32.const 165536) (i32.const 93) (i32.const 100000))
  (call $answer (i32.const 65536) (i32.const 200000)))
