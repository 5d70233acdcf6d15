;; Prints through handles that it made up, hoping for another's stream.
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
  (func $print (param i32 i32 i32 i32)))
(func (export "run") (param $p i32) (result i32)
  (drop (call $stdout))
  (call $print (i32.const 0x1234) (i32.const 4096) (i32.const 4) (i32.const 256))
  (call $echo (local.get $p)))
