# For installation scripts: the list of what an installation put where, which `make uninstall` reads.
# trellis_list names it, relative to the prefix. Lines that end in '/' are folders that were not there
# before.
set(trellis_root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")

# trellis_remember_folders(): which of the folders that programs share are there already. A second
# installation over the first knows from its list which ones the first one made.
function(trellis_remember_folders)
  set(made)
  if(EXISTS "${trellis_root}/${trellis_list}")
    file(STRINGS "${trellis_root}/${trellis_list}" lines)
    list(FILTER lines INCLUDE REGEX "/$")
    list(APPEND made ${lines})
  endif()
  foreach(folder ./ bin/ include/ lib/ lib/cmake/ lib/pkgconfig/ lib/systemd/ lib/systemd/system/
      share/ share/doc/ share/man/ share/man/man1/ share/man/man5/ share/man/man7/ share/man/man8/
      share/bash-completion/ share/bash-completion/completions/ share/fish/
      share/fish/vendor_completions.d/ share/zsh/ share/zsh/site-functions/)
    if(NOT EXISTS "${trellis_root}/${folder}")
      list(APPEND made ${folder})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES made)
  set_property(GLOBAL PROPERTY trellis_made_folders "${made}")
endfunction()

# trellis_name_prefix(<unit> <folder>): the unit starts the binary of this prefix.
function(trellis_name_prefix unit folder)
  set(file "${trellis_root}/${unit}")
  if(EXISTS "${file}")
    file(READ "${file}" text)
    # A blank would end the word, and systemd takes '%' for the start of a specifier.
    string(REPLACE "%" "%%" prefix "${CMAKE_INSTALL_PREFIX}")
    string(REPLACE " " "\\x20" prefix "${prefix}")
    string(REPLACE "/usr/bin/trellis" "${prefix}/${folder}/trellis" text "${text}")
    string(REPLACE "/usr/share/doc/" "${prefix}/share/doc/" text "${text}")
    file(WRITE "${file}" "${text}")
  endif()
endfunction()

# trellis_write_list(): the list, from what the installation scripts before this one have noted.
function(trellis_write_list)
  # A single component has no beginning at which the folders were looked at.
  if(CMAKE_INSTALL_COMPONENT)
    return()
  endif()
  set(lines "${trellis_list}")
  foreach(file IN LISTS CMAKE_INSTALL_MANIFEST_FILES)
    file(RELATIVE_PATH line "${CMAKE_INSTALL_PREFIX}" "${file}")
    list(APPEND lines "${line}")
  endforeach()
  list(SORT lines)
  get_property(made GLOBAL PROPERTY trellis_made_folders)
  list(JOIN lines "\n" lines)
  list(JOIN made "\n" made)
  file(WRITE "${trellis_root}/${trellis_list}" "${lines}\n${made}\n")
endfunction()
