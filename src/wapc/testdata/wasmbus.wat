;; A guest of the OTP era: the same functions from another module.
(module
  (import "wasmbus" "__guest_request" (func $req (param i32 i32)))
  (import "wasmbus" "__host_call" (func $host (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasmbus" "__guest_response" (func $resp (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "__wasmbus_rpc_version") (result i32) (i32.const 0))
  (func (export "__guest_call") (param $ol i32) (param $pl i32) (result i32)
    (call $req (i32.const 0) (i32.const 1024))
    (call $resp (i32.const 1024) (local.get $pl))
    (i32.const 1)))
