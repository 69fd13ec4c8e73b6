;; Keeps ever more exceptions alive, one per level of recursion and each of 240 values: memory of the
;; engine, not of the guest.
(module
  (memory (export "memory") 1)
  (tag $e (param
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))
  (func $deeper (param $n i32)
    (try (do
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
        throw $e)
      (catch_all (call $deeper (local.get $n)))))
  (func (export "__guest_call") (param i32 i32) (result i32)
    (call $deeper (i32.const 1))
    (i32.const 0)))
