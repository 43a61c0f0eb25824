# Several sources a compiler call: most of a call goes into headers. Sources of one folder must not have two local names
# for different things.
function(qat_build_together name)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE BATCH UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# qat_library(NAME [TENSOR] SOURCES ... DEPS ...): one static library per folder of core/. What it may include is
# what it links, so an arrow against the layering does not link. TENSOR: its sources use ATen through the
# shared precompiled header.
function(qat_library name)
  cmake_parse_arguments(ARG "TENSOR" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC qat_options ${ARG_DEPS} PRIVATE qat_warnings)
  qat_build_together(${name})
  if(ARG_TENSOR)
    qat_use_tensor_pch(${name})
    list(APPEND ARG_DEPS qat_torch)
  endif()
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  list(JOIN ARG_DEPS " " deps)
  set_property(GLOBAL APPEND_STRING PROPERTY QATELIER_LAYERS "${name} ${folder} ${deps}\n")
endfunction()

# Writes layers.txt for packaging/layering.sh: a line of each library, its folder and what it links.
function(qat_write_layers)
  get_property(layers GLOBAL PROPERTY QATELIER_LAYERS)
  file(WRITE ${CMAKE_BINARY_DIR}/layers.txt "${layers}")
endfunction()

# Compiles the target against ATen with the precompiled header of qat_tensor_pch. That header is position-independent
# library code, and programs can only share it if they are compiled the same way (CMake would give them -fPIE).
function(qat_use_tensor_pch name)
  target_link_libraries(${name} PUBLIC qat_torch)
  target_precompile_headers(${name} REUSE_FROM qat_tensor_pch)
  target_compile_options(${name} PRIVATE -fpch-preprocess -fPIC)
endfunction()

include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-munroll-only-small-loops QATELIER_UNROLLS_SMALL_LOOPS)

# qat_test(NAME SOURCES ... DEPS ... [TENSOR]): a GoogleTest program, one CTest entry per test case.
function(qat_test name)
  cmake_parse_arguments(ARG "TENSOR" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE qat_options qat_warnings qat_test_support ${ARG_DEPS} GTest::gtest GTest::gtest_main)
  qat_build_together(${name})
  target_compile_options(${name} PRIVATE -O1)  # compiles a third faster than -O3; what is tested keeps its own level
  if(QATELIER_UNROLLS_SMALL_LOOPS)
    target_compile_options(${name} PRIVATE -munroll-only-small-loops -mvzeroupper)  # what -O3 sets, as GCC 14 asks for
  endif()
  if(ARG_TENSOR)
    qat_use_tensor_pch(${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 ENVIRONMENT "OMP_WAIT_POLICY=passive;GOMP_SPINCOUNT=10000")
endfunction()
