;; Reads beyond its memory, as far as an address reaches.
(func (export "run") (param $p i32) (result i32) (i32.load offset=0xffffffff (i32.const -1)))
