;; Catches whatever comes out of its imports and goes on: the host must still have the last word.
(module
  (import "wapc" "__guest_response" (func $resp (param i32 i32)))
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "caught")
  (func (export "__guest_call") (param i32 i32) (result i32)
    (try (do (call $resp (i32.const 65536) (i32.const 4)))
      (catch_all (call $log (i32.const 0) (i32.const 6))))
    (call $log (i32.const 0) (i32.const 6))
    (call $resp (i32.const 0) (i32.const 6))
    (i32.const 1)))
