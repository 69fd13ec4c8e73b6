# Script: says in a C++ source what is built; touches it only when that has changed.
#   cmake -DSOURCE=folder -DOUTPUT=file.cpp -DVERSION=text -P BuildInfo.cmake
# Packages made outside a repository may say it with TRELLIS_COMMIT and TRELLIS_COMMIT_DATE.
cmake_minimum_required(VERSION 3.25)
set(commit "$ENV{TRELLIS_COMMIT}")
set(date "$ENV{TRELLIS_COMMIT_DATE}")
if(NOT commit)
  execute_process(COMMAND git -C ${SOURCE} log -1 --format=%h\ %cs
    OUTPUT_VARIABLE said ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed OR NOT said MATCHES "^([0-9a-f]+) ([0-9-]+)$")
    set(said "unknown 1970-01-01")
  endif()
  string(REGEX REPLACE " .*" "" commit "${said}")
  string(REGEX REPLACE ".* " "" date "${said}")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#include \"cli/version.hpp\"

namespace trellis::cli {

BuildInfo build_info() {
  return {\"@VERSION@\", \"@commit@\", \"@date@\"};
}

}  // namespace trellis::cli
" @ONLY)
