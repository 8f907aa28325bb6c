# gRPC, protobuf and what they stand on, as ondol_grpcpp and ondol_protobuf: the shared libraries, or their archives in a
# program whose property ONDOL_STATIC_GRPC is on. A program that runs on every host is smaller so: what it does not use is
# not there, and 50 libraries fewer are relocated at its start. OpenSSL and zlib stay shared: they are mended by an upgrade.
set(ONDOL_STAY_SHARED ssl crypto z)
set(ONDOL_NOT_NAMED atomic rt pthread dl m)  # of the C library, or without use on this machine

# One group: the archives need one another, in whatever order a linker reads them.
function(ondol_archives out)
  set(archives)
  set(shared)
  list(REMOVE_DUPLICATES ARGN)
  list(REMOVE_ITEM ARGN ${ONDOL_NOT_NAMED})
  foreach(name ${ARGN})
    if(name IN_LIST ONDOL_STAY_SHARED)
      list(APPEND shared -l${name})
    else()
      find_library(ONDOL_ARCHIVE_${name} lib${name}.a REQUIRED)
      mark_as_advanced(ONDOL_ARCHIVE_${name})
      list(APPEND archives ${ONDOL_ARCHIVE_${name}})
    endif()
  endforeach()
  list(JOIN archives "," group)
  set(${out} "-Wl,--start-group,${group},--end-group" ${shared} PARENT_SCOPE)
endfunction()

ondol_archives(ONDOL_GRPC_ARCHIVES ${GRPCPP_STATIC_LIBRARIES})
ondol_archives(ONDOL_PROTOBUF_ARCHIVES protobuf)
set(is_static $<BOOL:$<TARGET_PROPERTY:ONDOL_STATIC_GRPC>>)

add_library(ondol_grpcpp INTERFACE)
target_link_libraries(ondol_grpcpp INTERFACE "$<${is_static}:${ONDOL_GRPC_ARCHIVES}>"
                      "$<$<NOT:${is_static}>:PkgConfig::GRPCPP>" Threads::Threads)
add_library(ondol_protobuf INTERFACE)
target_link_libraries(ondol_protobuf INTERFACE "$<${is_static}:${ONDOL_PROTOBUF_ARCHIVES}>"
                      "$<$<NOT:${is_static}>:protobuf::libprotobuf>" Threads::Threads)
