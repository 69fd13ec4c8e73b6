;; The smallest complete guest (contracts.md 5.1): healthy, whatever it is asked.
(module
  (import "wapc" "__guest_request" (func $req (param i32 i32)))
  (import "wapc" "__guest_response" (func $resp (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\82\a7healthy\c3\a7message\a0")
  (func (export "__guest_call") (param $ol i32) (param $pl i32) (result i32)
    (call $req (i32.const 1024) (i32.const 4096))
    (call $resp (i32.const 0) (i32.const 19))
    (i32.const 1)))
