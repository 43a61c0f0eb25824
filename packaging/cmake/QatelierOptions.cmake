# Two interface targets that every target of ours links: how we compile, and what we are warned about.
add_library(qat_options INTERFACE)
target_include_directories(qat_options INTERFACE ${CMAKE_SOURCE_DIR}/core)
target_compile_definitions(qat_options INTERFACE QT_NO_KEYWORDS)
# Contraction would make results depend on the instruction set; errno and traps would keep rint from vectorising.
target_compile_options(qat_options INTERFACE -pthread -ffp-contract=off -fno-math-errno -fno-trapping-math)

add_library(qat_warnings INTERFACE)
target_compile_options(qat_warnings INTERFACE -Wall -Wextra -Wnon-virtual-dtor -Woverloaded-virtual
                                              -Wimplicit-fallthrough -Wextra-semi)
# GCC 12 reports these inside its own std::string (bugs 105329, 105651) at -O3, GCC 14 the last inside std::vector.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Sources are compiled several at once: what is local to one of them is not "in the main file".
  target_compile_options(qat_warnings INTERFACE -Wno-subobject-linkage)
  target_compile_options(qat_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
                                                -Wno-free-nonheap-object)
endif()

# Not among the flags of the preset: CMake would fail to ask the compiler where it looks by itself.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${CMAKE_SOURCE_DIR}/tests/support/source_location.h>")
endif()

set(QATELIER_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=: address,undefined or thread")
if(QATELIER_SANITIZE)
  add_compile_options(-fsanitize=${QATELIER_SANITIZE} -fno-omit-frame-pointer)
  # With these checks GCC takes the address of a function for no constant (bug 71962), which tables of functions need in
  # static_assert. A null pointer that is read or written is found by the address sanitizer all the same.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
    add_compile_options("SHELL:-include ${CMAKE_SOURCE_DIR}/packaging/sanitizers/clang_vector.h")
  endif()
  add_link_options(-fsanitize=${QATELIER_SANITIZE})
endif()

find_program(QATELIER_CCACHE ccache)
if(QATELIER_CCACHE)
  # Precompiled headers need this sloppiness to hit the cache at all; paths below the source folder are hashed as relative
  # ones, so that another checkout of the same files finds what this one compiled.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
               CCACHE_NOHASHDIR=true ${QATELIER_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

find_program(QATELIER_MOLD mold)
if(QATELIER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
