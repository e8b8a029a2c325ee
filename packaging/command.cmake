# The command, with its manual pages and completion, which it writes itself from its own tables.
if(NOT TARGET valetkey)
  return()
endif()
install(TARGETS valetkey RUNTIME COMPONENT command)

if(TARGET valetkey_man AND TARGET valetkey_completion)
  add_custom_target(valetkey_pages ALL)
  add_dependencies(valetkey_pages valetkey_man valetkey_completion)
  install(DIRECTORY "${CMAKE_BINARY_DIR}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
    COMPONENT command FILES_MATCHING PATTERN "*.1")
  install(FILES "${CMAKE_BINARY_DIR}/completion/valetkey.bash" RENAME valetkey
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT command)
  install(FILES "${CMAKE_BINARY_DIR}/completion/_valetkey"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT command)
  install(FILES "${CMAKE_BINARY_DIR}/completion/valetkey.fish"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT command)
endif()
