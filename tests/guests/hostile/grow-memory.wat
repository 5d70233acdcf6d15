;; Grows its memory page by page until it gets no more, then aborts, as allocators do.
(func (export "run") (param $p i32) (result i32)
  (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
  unreachable)
