# ONDOL_SANITIZE: a -fsanitize= list, set by the asan and tsan presets.
set(ONDOL_SANITIZE "" CACHE STRING "value for -fsanitize=")
if(ONDOL_SANITIZE)
  add_compile_options(-fsanitize=${ONDOL_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ONDOL_SANITIZE})
  if(ONDOL_SANITIZE MATCHES thread)
    # Boost.Asio uses std::atomic_thread_fence, which g++ says that it cannot instrument.
    add_compile_options(-Wno-tsan)
  endif()
  if(ONDOL_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
