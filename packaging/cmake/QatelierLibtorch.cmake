# What must be known of a libtorch that is not the distribution's, said while it can still be changed.
if("${TORCH_CXX_FLAGS}" MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "The libtorch in ${TORCH_INSTALL_PREFIX} has the C++ ABI from before C++11, which the other libraries "
                      "do not have. Take an archive called cxx11-abi, or one of libtorch 2.7 or later.")
endif()

# The distribution's libtorch loads the oneDNN that we link; an official one has its own inside.
find_program(QATELIER_READELF NAMES ${CMAKE_READELF} readelf)
get_filename_component(libtorch_folder ${TORCH_LIBRARY} DIRECTORY)
if(QATELIER_READELF AND EXISTS ${libtorch_folder}/libtorch_cpu.so)
  execute_process(COMMAND ${QATELIER_READELF} -d ${libtorch_folder}/libtorch_cpu.so OUTPUT_VARIABLE loaded ERROR_QUIET)
  if(NOT loaded MATCHES "libdnnl")
    message(WARNING "The libtorch in ${libtorch_folder} does not load libdnnl, so it has a oneDNN of its own, and this "
                    "build links the system's beside it. If convolutions crash or differ, that is where to look.")
  endif()
endif()
message(STATUS "libtorch: ${TORCH_LIBRARY}")
