;; Fails with a message that would clear a terminal, set its title and turn the direction of reading.
(data (i32.const 4096) "\1b[2J\1b]0;owned\07\e2\80\aegnp.exe\0d\00")
(func (export "run") (param $p i32) (result i32)
  (i32.store (i32.const 256) (i32.const 1))
  (i32.store (i32.const 260) (i32.const 0))
  (i32.store (i32.const 264) (i32.const 4096))
  (i32.store (i32.const 268) (i32.const 26))
  (i32.const 256))
