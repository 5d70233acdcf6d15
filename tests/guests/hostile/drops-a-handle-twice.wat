;; Closes a stream twice.
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
  (func $print (param i32 i32 i32 i32)))
(import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $drop (param i32)))
(func (export "run") (param $p i32) (result i32) (local $out i32)
  (local.set $out (call $stdout))
  (call $print (local.get $out) (i32.const 4096) (i32.const 0) (i32.const 256))
  (call $drop (local.get $out))
  (call $drop (local.get $out))
  (call $echo (local.get $p)))
