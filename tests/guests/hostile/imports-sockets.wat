;; Imports sockets.
(component (import "wasi:sockets/tcp@0.2.6" (instance (export "start" (func)))))
