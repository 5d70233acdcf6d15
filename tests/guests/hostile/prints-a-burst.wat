;; Prints a mebibyte of lines that would steer a terminal, and goes on: what is too much is counted and not kept.
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
  (func $print (param i32 i32 i32 i32)))
(data (i32.const 4096) "\1b[2J\1b[31mred\0a")
(func (export "run") (param $p i32) (result i32) (local $out i32) (local $n i32)
  (local.set $out (call $stdout))
  (local.set $n (i32.const 1024))
  (loop $again
    (memory.copy (i32.const 4109) (i32.const 4096) (i32.const 1010))
    (call $print (local.get $out) (i32.const 4096) (i32.const 1024) (i32.const 256))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $again (local.get $n)))
  (call $echo (local.get $p)))
