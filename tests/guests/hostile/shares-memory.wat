;; Declares a memory shared between threads, which the engine does not have.
(component (core module (memory 1 1 shared)))
