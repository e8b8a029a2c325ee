# The command, its manual pages and its completion, which it writes itself from its own tables.
if(NOT TARGET valetkey)
  return()
endif()
install(TARGETS valetkey RUNTIME COMPONENT command)
