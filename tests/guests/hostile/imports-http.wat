;; Imports a server of requests, which no action is given.
(component (import "wasi:http/incoming-handler@0.2.6" (instance (export "handle" (func)))))
