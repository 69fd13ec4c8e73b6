/* A library, but no provider. */
int trellis_test_nothing(void);
int trellis_test_nothing(void) {
  return 0;
}
