;; Prints where it panicked, with a terminal's escapes, and aborts in a function with a name full of them.
(import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
  (func $print (param i32 i32 i32 i32)))
(data (i32.const 4096) "panicked at \1b[31msrc/lib.rs\1b[0m\0a")
(func $"\1b[2J\u{202e}\0aname" unreachable)
(func (export "run") (param $p i32) (result i32)
  (call $print (call $stderr) (i32.const 4096) (i32.const 32) (i32.const 256))
  (call $"\1b[2J\u{202e}\0aname")
  unreachable)
