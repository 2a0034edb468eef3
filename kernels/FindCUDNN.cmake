# cuDNN 9 with its C++ frontend (header-only). Looks in CUDNN_ROOT, CUDNN_FRONTEND_ROOT (variables or environment),
# beside CUDA, in the system's folders and in the packages of python3 on the path.
# CUDNN_FOUND; target CUDNN::frontend.
set(python_packages "")
find_program(CUDNN_PYTHON NAMES python3)
mark_as_advanced(CUDNN_PYTHON)
if(CUDNN_PYTHON)
  execute_process(COMMAND ${CUDNN_PYTHON} -c "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    OUTPUT_VARIABLE python_packages OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(frontend_hints ${CUDNN_FRONTEND_ROOT} $ENV{CUDNN_FRONTEND_ROOT})
set(cudnn_hints ${CUDNN_ROOT} $ENV{CUDNN_ROOT} $ENV{CUDNN_HOME} ${CUDAToolkit_ROOT})
if(CUDAToolkit_INCLUDE_DIRS)
  list(GET CUDAToolkit_INCLUDE_DIRS 0 cuda_include)
  list(APPEND cudnn_hints ${cuda_include}/.. ${CUDAToolkit_LIBRARY_DIR}/..)
endif()
if(python_packages)
  # The layouts of nvidia-cudnn-cu* and nvidia-cudnn-frontend; a wheel unpacked by hand has include/ at its top.
  list(APPEND cudnn_hints ${python_packages}/nvidia/cudnn)
  list(APPEND frontend_hints ${python_packages}/nvidia/cudnn_frontend ${python_packages}
    ${python_packages}/../../..)
endif()

find_path(CUDNN_INCLUDE cudnn.h HINTS ${cudnn_hints} PATH_SUFFIXES include)
find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 HINTS ${cudnn_hints} PATH_SUFFIXES lib lib64)
find_path(CUDNN_FRONTEND_INCLUDE cudnn_frontend.h HINTS ${frontend_hints} ${cudnn_hints} PATH_SUFFIXES include)
mark_as_advanced(CUDNN_INCLUDE CUDNN_LIBRARY CUDNN_FRONTEND_INCLUDE)

set(CUDNN_VERSION "")
if(CUDNN_INCLUDE AND EXISTS ${CUDNN_INCLUDE}/cudnn_version.h)
  file(STRINGS ${CUDNN_INCLUDE}/cudnn_version.h lines REGEX "^#define CUDNN_(MAJOR|MINOR|PATCHLEVEL) +[0-9]+")
  string(REGEX REPLACE "[^;0-9]+" "" CUDNN_VERSION "${lines}")
  string(REPLACE ";" "." CUDNN_VERSION "${CUDNN_VERSION}")
endif()
# Older frontends lack calls that attention_graph_cudnn.cc makes, and older cuDNNs its graphs.
if(CUDNN_FRONTEND_INCLUDE AND EXISTS ${CUDNN_FRONTEND_INCLUDE}/cudnn_frontend_version.h)
  file(STRINGS ${CUDNN_FRONTEND_INCLUDE}/cudnn_frontend_version.h lines
    REGEX "^#define CUDNN_FRONTEND_(MAJOR|MINOR)_VERSION +[0-9]+")
  string(REGEX REPLACE "[^;0-9]+" "" frontend_version "${lines}")
  string(REPLACE ";" "." frontend_version "${frontend_version}")
  if(frontend_version VERSION_LESS 1.13)
    message(STATUS "cuDNN's frontend ${frontend_version} in ${CUDNN_FRONTEND_INCLUDE} is too old: 1.13 is needed")
    set(CUDNN_FRONTEND_INCLUDE CUDNN_FRONTEND_INCLUDE-NOTFOUND)
  endif()
endif()
if(CUDNN_VERSION AND CUDNN_VERSION VERSION_LESS 9)
  message(STATUS "cuDNN ${CUDNN_VERSION} is too old: 9 is needed")
  set(CUDNN_LIBRARY CUDNN_LIBRARY-NOTFOUND)
endif()
# Recent frontends compile kernels of their own, of other ops, with NVRTC: the headers refer to it.
set(CUDNN_NVRTC "")
if(TARGET CUDA::nvrtc)
  set(CUDNN_NVRTC CUDA::nvrtc)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CUDNN REQUIRED_VARS CUDNN_LIBRARY CUDNN_INCLUDE CUDNN_FRONTEND_INCLUDE CUDNN_NVRTC
  VERSION_VAR CUDNN_VERSION)
if(CUDNN_FOUND AND NOT TARGET CUDNN::frontend)
  add_library(CUDNN::frontend INTERFACE IMPORTED)
  target_include_directories(CUDNN::frontend SYSTEM INTERFACE ${CUDNN_FRONTEND_INCLUDE} ${CUDNN_INCLUDE})
  target_link_libraries(CUDNN::frontend INTERFACE ${CUDNN_LIBRARY} CUDA::nvrtc ${CMAKE_DL_LIBS})
endif()
