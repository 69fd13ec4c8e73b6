(module (memory (export "memory") 1 2 shared)
  (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 0)))
