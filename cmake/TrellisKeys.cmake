# The throwaway keys of this build tree, with which it signs its actors and providers.
set(TRELLIS_KEYS ${CMAKE_BINARY_DIR}/keys)
# One signature at a time: the first makes the account key that the others use.
set_property(GLOBAL APPEND PROPERTY JOB_POOLS trellis_sign=1)
set(TRELLIS_SIGNING_ENVIRONMENT
  ${CMAKE_COMMAND} -E env USER=throwaway --unset=WASH_ISSUER_KEY --unset=WASH_SUBJECT_KEY)
