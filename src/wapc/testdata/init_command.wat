;; Logs each step of its initialisation, from the start section on.
(module
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (import "wapc" "__guest_request" (func $req (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "section_start_initialize_init")
  (func $section (call $req (i32.const 0) (i32.const 8)) (call $log (i32.const 0) (i32.const 7)))
  (start $section)
  (func (export "_start") (call $log (i32.const 7) (i32.const 6)))
  (func (export "_initialize") (call $log (i32.const 13) (i32.const 11)))
  (func (export "wapc_init") (call $log (i32.const 24) (i32.const 5)))
  (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 0)))
