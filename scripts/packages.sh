# What the host is made of, by the names of Debian's packages. Sourced by setup.sh, which installs
# them for this machine, and by sysroot.sh, which unpacks them for another.

# Libraries the host is compiled and linked with, but for libnode.
library_packages=(
  libsodium-dev libssl-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev
  libyaml-cpp-dev libboost1.81-dev
  libcurl4-openssl-dev libarchive-dev libhiredis-dev libexpat1-dev libidn2-dev
)
# Libraries of the tests and benchmarks: NATS calls are measured against nats.c.
test_library_packages=(libgtest-dev libgmock-dev libbenchmark-dev libnats-dev)
