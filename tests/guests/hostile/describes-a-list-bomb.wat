;; Says that it has 60,000 branches, all of them the same 64 KiB: 4 GB, if the host copied them.
(memory (export "memory") 32)
(func (export "describe") (result i32) (local $at i32)
  (local.set $at (i32.const 131072))
  (memory.fill (i32.const 65536) (i32.const 97) (i32.const 65536))
  (loop $more
    (i32.store (local.get $at) (i32.const 65536))
    (i32.store offset=4 (local.get $at) (i32.const 65536))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (br_if $more (i32.lt_u (local.get $at) (i32.const 611072))))
  (i32.store offset=64 (i32.const 1024) (i32.const 131072))
  (i32.store offset=68 (i32.const 1024) (i32.const 60000))
  (i32.const 1024))
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
