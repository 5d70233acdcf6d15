;; Sets a variable of another name each time: beyond a thousand weir says no, and it goes on regardless.
(import "weir:action/variables@1.0.0" "set" (func $set (param i32 i32 i32 i32 i32)))
(data (i32.const 4096) "aaaaaaaa1")
(func (export "run") (param $p i32) (result i32) (local $n i32) (local $at i32) (local $rest i32)
  (loop $again
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (local.set $rest (local.get $n))
    (local.set $at (i32.const 4103))
    (loop $digit
      (i32.store8 (local.get $at) (i32.add (i32.const 97) (i32.rem_u (local.get $rest) (i32.const 26))))
      (local.set $rest (i32.div_u (local.get $rest) (i32.const 26)))
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (br_if $digit (local.get $rest)))
    (call $set (i32.const 4096) (i32.const 8) (i32.const 4104) (i32.const 1) (i32.const 256))
    (br $again))
  unreachable)
