# ONDOL_SANITIZE: a -fsanitize= list, set by the asan and tsan presets.
set(ONDOL_SANITIZE "" CACHE STRING "value for -fsanitize=")
if(ONDOL_SANITIZE)
  add_compile_options(-fsanitize=${ONDOL_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ONDOL_SANITIZE})
  if(ONDOL_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
