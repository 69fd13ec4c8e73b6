;; Passes 64-bit arguments to an import, and counts its calls in memory.
(module
  (import "test" "wide" (func $wide (param i64 i32 i64) (result i32)))
  (memory (export "memory") 1)
  (func (export "go") (param $a i32) (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (call $wide (i64.const 0x8000000000000001) (local.get $a) (i64.const -2)))
  (func (export "count") (result i32) (i32.load (i32.const 0)))
  (func (export "nothing"))
  (func (export "loop") (loop $l (br $l))))
