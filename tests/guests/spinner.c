/* Computes for ever, whatever it is asked. */
__attribute__((export_name("__guest_call"))) unsigned guest_call(unsigned operation_size,
                                                                 unsigned size) {
  volatile unsigned turns = operation_size + size;
  for (;;) ++turns;
}
