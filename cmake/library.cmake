# SPDX-License-Identifier: MIT
# libsip_client, static and shared: the rooms that it needs joined into one object in which only what sip_client.h and
# sip_client_async.h declare is global, so that no name of ours meets a name of the program's.
set(library_rooms base sipmsg siptx sipua sdp rtp audio media os library)
room(library USES room_sipua room_media room_os)
target_compile_definitions(room_library PRIVATE _GNU_SOURCE SIP_CLIENT_LIBRARY WSAUDIO_VERSION="${PROJECT_VERSION}")
foreach(name ${library_rooms})
  set_target_properties(room_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
  if("${CMAKE_C_FLAGS} ${CMAKE_INTERPROCEDURAL_OPTIMIZATION}" MATCHES "-flto|ON|TRUE")
    target_compile_options(room_${name} PRIVATE -fno-lto) # what is joined and whose names are changed is machine code
  endif()
endforeach()

if(NOT CMAKE_OBJCOPY)
  message(FATAL_ERROR "objcopy (binutils) is missing")
endif()
separate_arguments(library_flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
# On 32 bit x86 the compiler's thunks lie in groups; those of a program would displace ours, whose names are hidden.
include(CheckLinkerFlag)
check_linker_flag(C -Wl,--force-group-allocation CAN_ALLOCATE_GROUPS)
if(CAN_ALLOCATE_GROUPS)
  list(APPEND library_flags -Wl,--force-group-allocation)
endif()
set(library_object ${PROJECT_BINARY_DIR}/libsip_client.o)
set(library_archives)
foreach(name ${library_rooms})
  list(APPEND library_archives $<TARGET_FILE:room_${name}>)
endforeach()
add_custom_command(OUTPUT ${library_object}
  COMMAND ${CMAKE_C_COMPILER} ${library_flags} -r -nostdlib -o ${library_object} -Wl,--whole-archive $<TARGET_FILE:room_library>
          -Wl,--no-whole-archive -Wl,--start-group ${library_archives} -Wl,--end-group
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${library_object}
  DEPENDS ${library_archives}
  COMMENT "Joining libsip_client.o" VERBATIM)
set_source_files_properties(${library_object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
add_custom_target(sip_client_object DEPENDS ${library_object})

add_library(sip_client STATIC ${library_object})
add_dependencies(sip_client sip_client_object)
set_target_properties(sip_client PROPERTIES LINKER_LANGUAGE C)
target_include_directories(sip_client PUBLIC ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(sip_client PUBLIC OpenSSL::Crypto)
install(TARGETS sip_client ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

# A shared one beside it, unless libcrypto itself is an archive (a static musl build).
if(OPENSSL_CRYPTO_LIBRARY MATCHES "\\.a$")
  set(shared_default OFF)
else()
  set(shared_default ON)
endif()
option(WITH_SHARED_LIBRARY "Build libsip_client.so too" ${shared_default})
if(WITH_SHARED_LIBRARY)
  set(library_map ${PROJECT_SOURCE_DIR}/src/library/exports.map)
  add_library(sip_client_shared SHARED ${library_object})
  add_dependencies(sip_client_shared sip_client_object)
  set_target_properties(sip_client_shared PROPERTIES OUTPUT_NAME sip_client LINKER_LANGUAGE C VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${library_map})
  target_include_directories(sip_client_shared PUBLIC ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(sip_client_shared PUBLIC OpenSSL::Crypto PRIVATE project_flags -Wl,--version-script=${library_map})
  install(TARGETS sip_client_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  set(pc_requires_word Requires.private)
else()
  set(pc_requires_word Requires)
endif()

# The .pc file finds its prefix from its own place, so that the tree can be moved.
file(RELATIVE_PATH pc_up "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
configure_file(src/library/sip_client.pc.in ${PROJECT_BINARY_DIR}/sip_client.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sip_client.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES include/sip_client.h include/sip_client_async.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES include/lib/sip_client.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lib)
install(FILES docs/libsip_client.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
