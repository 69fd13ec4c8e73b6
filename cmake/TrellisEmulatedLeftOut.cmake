# Patterns of GoogleTest for trellis_emulated_tests(), each with its reason.

# Each test runs the test program once more, in a process of its own, and providers in processes of their
# own are programs: the kernel would have to know how to run what is another machine's (binfmt_misc).
set(TRELLIS_LEFT_OUT_wapc Process.*)
set(TRELLIS_LEFT_OUT_provider ProviderProcess.*)
