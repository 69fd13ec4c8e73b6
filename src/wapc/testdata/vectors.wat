;; Answers its payload of at most 16 bytes with 1 added to each, by vector and bulk instructions.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (memory (export "memory") 2)
  (func (export "__guest_call") (param $ol i32) (param $pl i32) (result i32)
    (memory.fill (i32.const 4096) (i32.const 0) (i32.const 64))
    (call $request (i32.const 1024) (i32.const 4096))
    (v128.store (i32.const 4096)
      (i8x16.add (v128.load (i32.const 4096)) (i8x16.splat (i32.const 1))))
    (memory.copy (i32.const 8192) (i32.const 4096) (local.get $pl))
    (call $response (i32.const 8192) (local.get $pl))
    (i32.const 1)))
