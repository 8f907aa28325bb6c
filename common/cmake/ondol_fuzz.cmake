# Fuzz targets: replayed by ctest in every build, explored by libFuzzer in one of its own:
#   cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_C_COMPILER=clang-14 -DONDOL_FUZZ=ON
#   cmake --build build/fuzz --target fuzz_yaml && build/fuzz/bin/fuzz_yaml -runs=1000000 /some/where tests/fuzz/yaml/corpus
option(ONDOL_FUZZ "link the fuzz targets with libFuzzer, ASan and UBSan (clang only)" OFF)
if(ONDOL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "ONDOL_FUZZ needs clang: set CMAKE_CXX_COMPILER=clang++-14")
  endif()
  add_compile_options(-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# ondol_fuzz(NAME <target> SOURCES <files...> [DEPS <targets...>]): the sources define LLVMFuzzerTestOneInput; the seeds
# are in corpus/ beside them.
function(ondol_fuzz)
  cmake_parse_arguments(M "" "NAME" "SOURCES;DEPS" ${ARGN})
  if(ONDOL_FUZZ)
    ondol_executable(NAME ${M_NAME} SOURCES ${M_SOURCES} DEPS ${M_DEPS})
    target_link_options(${M_NAME} PRIVATE -fsanitize=fuzzer)
    return()
  endif()
  ondol_executable(NAME ${M_NAME} SOURCES ${M_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_corpus.cc DEPS ${M_DEPS})
  add_test(NAME ${M_NAME} COMMAND ${M_NAME} ${CMAKE_CURRENT_SOURCE_DIR}/corpus)
  set_tests_properties(${M_NAME} PROPERTIES LABELS fuzz TIMEOUT 600)
endfunction()
