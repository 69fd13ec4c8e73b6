# Patterns of GoogleTest for trellis_emulated_tests(), each with its reason.
