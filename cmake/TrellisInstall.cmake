# `make install`: library, headers, binary, CMake package and pkg-config file.
