;; Its start section traps.
(module (memory (export "memory") 1)
  (func $s unreachable) (start $s)
  (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 0)))
