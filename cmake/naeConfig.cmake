# find_package(nae) gives the target nae::nae, the C interface of nae/nae.h.
include(${CMAKE_CURRENT_LIST_DIR}/naeTargets.cmake)
