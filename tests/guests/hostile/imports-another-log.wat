;; Imports `log` with other parameters than it has.
(component
  (import "weir:action/log@1.0.0" (instance (export "write" (func (param "level" u32) (result u64)))))
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "validate" (func $f))
  (export "run" (func $f)))
