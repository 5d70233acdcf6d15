;; Asks for parts of the input by pointers of 64 KiB.
(import "weir:action/payload@1.0.0" "kind-of" (func $kind (param i32 i32 i32)))
(func (export "run") (param $p i32) (result i32)
  (drop (memory.grow (i32.const 2)))
  (memory.fill (i32.const 65536) (i32.const 47) (i32.const 65536))
  (loop $again (call $kind (i32.const 65536) (i32.const 65536) (i32.const 256)) (br $again))
  unreachable)
