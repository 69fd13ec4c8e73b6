# The S3 server for tests, from npm in the versions of tests/s3/package-lock.json. Where there is no
# npm the tests that need it fail and say what to do, so that it is no condition for building.
find_program(TRELLIS_NPM npm)
find_program(TRELLIS_NODE_PROGRAM node)
set(s3_source ${CMAKE_SOURCE_DIR}/tests/s3)
set(s3_folder ${CMAKE_BINARY_DIR}/s3)
set(TRELLIS_S3_SERVER ${s3_folder}/node_modules/s3rver/bin/s3rver.js)
if(TRELLIS_NPM AND TRELLIS_NODE_PROGRAM)
  # Installed once, and again when the lock file changes.
  add_custom_command(OUTPUT ${s3_folder}/installed VERBATIM COMMENT "Installing the S3 server for tests"
    DEPENDS ${s3_source}/package.json ${s3_source}/package-lock.json ${s3_source}/.npmrc
    COMMAND ${CMAKE_COMMAND} -E make_directory ${s3_folder}
    COMMAND ${CMAKE_COMMAND} -E copy ${s3_source}/package.json ${s3_source}/package-lock.json
      ${s3_source}/.npmrc ${s3_folder}
    COMMAND ${CMAKE_COMMAND} -E chdir ${s3_folder} ${TRELLIS_NPM} ci --ignore-scripts --no-audit
      --no-fund --prefer-offline --loglevel=error > ${s3_folder}/npm.log
    COMMAND ${CMAKE_COMMAND} -E touch ${s3_folder}/installed)
  add_custom_target(trellis_s3_server DEPENDS ${s3_folder}/installed)
endif()
