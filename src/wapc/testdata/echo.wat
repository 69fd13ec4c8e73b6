;; Answers with its payload.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (memory (export "memory") 2)
  (func (export "__guest_call") (param $ol i32) (param $pl i32) (result i32)
    (call $request (i32.const 1024) (i32.const 4096))
    (call $response (i32.const 4096) (local.get $pl))
    (i32.const 1)))
