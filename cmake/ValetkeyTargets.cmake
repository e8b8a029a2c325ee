# Directory = namespace = target = floor. A floor is every .cc of its directory.

# valetkey_floor(<name> [LINKS <targets>...]): the static library of the current directory.
function(valetkey_floor name)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(valetkey_${name} STATIC ${sources})
  target_include_directories(valetkey_${name} PUBLIC
    "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}")
  target_link_libraries(valetkey_${name} PUBLIC ${arg_LINKS} PRIVATE valetkey_compiler)
endfunction()

# valetkey_tests(<name> LINKS <targets>... [LABELS ...]): one program of the directory's *_test.cc.
function(valetkey_tests name)
  cmake_parse_arguments(arg "" "" "LINKS;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gmock GTest::gtest_main valetkey_compiler)
  target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <string> <vector>)
  foreach(label ${arg_LABELS})  # valetkey_tests_unit and its like build one kind of tests
    if(NOT TARGET valetkey_tests_${label})
      add_custom_target(valetkey_tests_${label})
    endif()
    add_dependencies(valetkey_tests_${label} ${name})
  endforeach()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 LABELS "${arg_LABELS}" ENVIRONMENT "VALETKEY_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
endfunction()
