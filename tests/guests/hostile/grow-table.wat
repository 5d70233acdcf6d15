;; Grows a table until it gets no more, then aborts.
(table $t 1 funcref)
(func (export "run") (param $p i32) (result i32)
  (loop $more (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
  unreachable)
