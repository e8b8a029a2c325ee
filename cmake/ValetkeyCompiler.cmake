# How everything is compiled: the language, the warnings, the sanitizers, the compiler cache.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET default)

add_library(valetkey_compiler INTERFACE)
target_compile_options(valetkey_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Werror -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The last five are false alarms of GCC 12 about std::string and std::optional once it inlines
  # (GCC bugs 105329, 105651, 105562); every other warning stays an error.
  target_compile_options(valetkey_compiler INTERFACE -fpch-preprocess
    -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-maybe-uninitialized)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(valetkey_compiler INTERFACE _FORTIFY_SOURCE=2)
endif()

if(VALETKEY_SANITIZE)
  add_compile_options(-fsanitize=${VALETKEY_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VALETKEY_SANITIZE})
  if(VALETKEY_SANITIZE MATCHES "undefined")
    # It reads an object's type through a pipe, and so calls every object wrong when a test has
    # made the descriptors run out.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(VALETKEY_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Asio's atomic_thread_fence: understood, and runs clean
  endif()
endif()

find_program(VALETKEY_CCACHE ccache)
if(VALETKEY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1  # another clone finds the same objects
    ${VALETKEY_CCACHE})
endif()

# lld links a test program several times faster than the default linker.
find_program(VALETKEY_LLD ld.lld)
if(VALETKEY_LLD)
  add_link_options(-fuse-ld=lld)
endif()
