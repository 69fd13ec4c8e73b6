# Script: has the binary write its manual pages and shell completions, laid out for installation.
#   cmake -DTRELLIS=program -DOUTPUT=folder -P MakeManual.cmake
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${OUTPUT}")
file(MAKE_DIRECTORY "${OUTPUT}/share")

execute_process(COMMAND "${TRELLIS}" man "${OUTPUT}/pages" OUTPUT_QUIET
  COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE pages "${OUTPUT}/pages/*.[1-8]")
if(NOT pages)
  message(FATAL_ERROR "trellis man has written no pages")
endif()
foreach(page IN LISTS pages)
  string(REGEX MATCH "[1-8]$" section "${page}")
  file(COPY "${page}" DESTINATION "${OUTPUT}/share/man/man${section}")
endforeach()
# Without name and time in the header: the same page gives the same file.
file(GLOB_RECURSE pages "${OUTPUT}/share/man/*.[1-8]")
execute_process(COMMAND gzip -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE "${OUTPUT}/pages")

file(MAKE_DIRECTORY "${OUTPUT}/share/bash-completion/completions"
  "${OUTPUT}/share/fish/vendor_completions.d")
foreach(pair bash:share/bash-completion/completions/trellis
    fish:share/fish/vendor_completions.d/trellis.fish zsh:_trellis)
  string(REGEX MATCH "^([^:]+):(.*)$" all "${pair}")
  execute_process(COMMAND "${TRELLIS}" completions "${CMAKE_MATCH_1}"
    OUTPUT_FILE "${OUTPUT}/${CMAKE_MATCH_2}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(TOUCH "${OUTPUT}/stamp")
