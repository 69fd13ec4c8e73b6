;; An actor that goes on until it is stopped. The first letter of the operation says with what:
;;   l  a host call; payload = u8 length and binding, u8 length and namespace, u8 length and
;;      operation, rest = payload
;;   g  writing the payload to the log
;;   e  nothing: it answers with the payload
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__host_call"
    (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (memory (export "memory") 20)
  (func $call (param $length i32)
    (local $at i32) (local $binding i32) (local $binding_length i32)
    (local $space i32) (local $space_length i32) (local $name i32) (local $name_length i32)
    (local.set $at (i32.const 0x10000))
    (local.set $binding_length (i32.load8_u (local.get $at)))
    (local.set $binding (i32.add (local.get $at) (i32.const 1)))
    (local.set $at (i32.add (local.get $binding) (local.get $binding_length)))
    (local.set $space_length (i32.load8_u (local.get $at)))
    (local.set $space (i32.add (local.get $at) (i32.const 1)))
    (local.set $at (i32.add (local.get $space) (local.get $space_length)))
    (local.set $name_length (i32.load8_u (local.get $at)))
    (local.set $name (i32.add (local.get $at) (i32.const 1)))
    (local.set $at (i32.add (local.get $name) (local.get $name_length)))
    (drop (call $host_call (local.get $binding) (local.get $binding_length)
      (local.get $space) (local.get $space_length) (local.get $name) (local.get $name_length)
      (local.get $at) (i32.sub (i32.add (i32.const 0x10000) (local.get $length)) (local.get $at)))))
  (func (export "__guest_call") (param $operation i32) (param $length i32) (result i32)
    (local $what i32)
    (call $request (i32.const 0x1000) (i32.const 0x10000))
    (local.set $what (i32.load8_u (i32.const 0x1000)))
    (if (i32.eq (local.get $what) (i32.const 108))
      (then (loop $again (call $call (local.get $length)) (br $again))))
    (if (i32.eq (local.get $what) (i32.const 103))
      (then (loop $again (call $log (i32.const 0x10000) (local.get $length)) (br $again))))
    (call $response (i32.const 0x10000) (local.get $length))
    (i32.const 1)))
