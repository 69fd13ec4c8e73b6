;; Sleeps 2 ms by poll_oneoff in the layout of wasi_unstable and answers with the event.
(module
  (import "wasi_unstable" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wapc" "__guest_response" (func $resp (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "__guest_call") (param i32 i32) (result i32)
    (i64.store (i32.const 0) (i64.const 0x1122334455667788)) ;; user data
    (i64.store (i32.const 8) (i64.const 0))                  ;; type: clock
    (i64.store (i32.const 16) (i64.const 99))                ;; identifier, of this version only
    (i64.store (i32.const 24) (i64.const 1))                 ;; monotonic
    (i64.store (i32.const 32) (i64.const 2000000))
    (if (call $poll (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 256)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 256)) (i32.const 1)) (then unreachable))
    (call $resp (i32.const 128) (i32.const 32))
    (i32.const 1)))
