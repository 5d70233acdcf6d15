;; Sends a request whose 50,000 headers all point to the same 4 KiB: 200 MB, if the host copied them.
(import "weir:action/http@1.0.0" "send"
  (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(data (i32.const 4096) "GET")
(data (i32.const 4104) "https://example.com/")
(func (export "run") (param $p i32) (result i32) (local $at i32)
  (drop (memory.grow (i32.const 16)))
  (local.set $at (i32.const 65536))
  (loop $more
    (i32.store (local.get $at) (i32.const 4096))
    (i32.store offset=4 (local.get $at) (i32.const 1))
    (i32.store offset=8 (local.get $at) (i32.const 4096))
    (i32.store offset=12 (local.get $at) (i32.const 4096))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (br_if $more (i32.lt_u (local.get $at) (i32.const 865536))))
  (call $send (i32.const 4096) (i32.const 3) (i32.const 4104) (i32.const 20) (i32.const 65536) (i32.const 50000)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))
  (call $echo (local.get $p)))
