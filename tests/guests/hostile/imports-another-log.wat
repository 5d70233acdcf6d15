;; Imports `log` with other parameters than it has.
(component
  (import "weir:action/log@1.0.0" (instance (export "write" (func (param "level" u32) (result u64))))))
