;; Throws an exception of its own that nothing catches.
(module
  (memory (export "memory") 1) (tag $e (param i32))
  (func (export "__guest_call") (param i32 i32) (result i32) (throw $e (i32.const 7))))
