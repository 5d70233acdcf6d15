;; Returns half of a surrogate pair, which UTF-8 does not have.
(data (i32.const 4096) "\22\ed\a0\80\22")
(func (export "run") (param $p i32) (result i32) (call $answer (i32.const 4096) (i32.const 5)))
