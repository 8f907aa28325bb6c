# One target per directory, sources listed, warnings are errors in our own code.

function(ondol_strict target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                         -Wold-style-cast -Woverloaded-virtual -Werror
                         # g++ 12 sees uninitialised members of the other alternatives when it optimises std::variant.
                         $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release,RelWithDebInfo>>:-Wno-maybe-uninitialized>)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# ondol_module(NAME <target> SOURCES <files...> [DEPS <targets...>])
function(ondol_module)
  cmake_parse_arguments(M "" "NAME" "SOURCES;DEPS" ${ARGN})
  if(M_SOURCES)
    add_library(${M_NAME} STATIC ${M_SOURCES})
    ondol_strict(${M_NAME})
    target_link_libraries(${M_NAME} PUBLIC ${M_DEPS})
  else()
    add_library(${M_NAME} INTERFACE)
    target_include_directories(${M_NAME} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${M_NAME} INTERFACE ${M_DEPS})
  endif()
endfunction()

function(ondol_executable)
  cmake_parse_arguments(M "" "NAME" "SOURCES;DEPS" ${ARGN})
  add_executable(${M_NAME} ${M_SOURCES})
  ondol_strict(${M_NAME})
  target_link_libraries(${M_NAME} PRIVATE ${M_DEPS})
endfunction()

# ondol_program(NAME <binary> SOURCES <files...> [DEPS <targets...>])
function(ondol_program)
  ondol_executable(${ARGN})
  cmake_parse_arguments(M "" "NAME" "" ${ARGN})
  add_dependencies(programs ${M_NAME})
endfunction()

# ondol_test(NAME <suite> SOURCES <files...> [DEPS <targets...>] [LABELS <labels...>] [TIMEOUT <seconds>])
# LABELS: unit contract scenario integration system regression; needs-root when the suite makes namespaces.
function(ondol_test)
  cmake_parse_arguments(M "" "NAME;TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${M_NAME} ${M_SOURCES})
  ondol_strict(${M_NAME})
  target_link_libraries(${M_NAME} PRIVATE ${M_DEPS} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${M_NAME} PRIVATE ONDOL_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             ONDOL_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${M_NAME} COMMAND ${M_NAME})
  if("${M_LABELS}" MATCHES "unit|contract|scenario")
    add_dependencies(pure_suites ${M_NAME})
  endif()
  if(NOT M_TIMEOUT)
    set(M_TIMEOUT 600)  # a hang, on the slowest machine
  endif()
  set_tests_properties(${M_NAME} PROPERTIES LABELS "${M_LABELS}" TIMEOUT ${M_TIMEOUT})
endfunction()
