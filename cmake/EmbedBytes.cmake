# Script: turns a file into a C++ source with its bytes.
#   cmake -DINPUT=file -DOUTPUT=file.cpp -DNAME=symbol -P EmbedBytes.cmake
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT}
  "#include \"bench/guests.hpp\"\n\nnamespace trellis::bench {\n\nnamespace {\n"
  "constexpr unsigned char ${NAME}_bytes[] = {\n${bytes}};\n}  // namespace\n\n"
  "ByteView ${NAME}() { return ${NAME}_bytes; }\n\n}  // namespace trellis::bench\n")
