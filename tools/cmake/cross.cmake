# SPDX-License-Identifier: MIT
# Cross build with Debian's compiler for MACHINE (a GNU triplet), libraries from MACHINE_SYSROOT, tests run by MACHINE_RUNNER.
#   cmake -DCMAKE_TOOLCHAIN_FILE=tools/cmake/cross.cmake -DMACHINE=aarch64-linux-gnu -DMACHINE_SYSROOT=... \
#         -DMACHINE_RUNNER="qemu-aarch64-static;-L;/usr/aarch64-linux-gnu"
# MACHINE_LIBDIR is the name of the library folder where it is not the triplet (i386-linux-gnu of i686-linux-gnu).
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MACHINE MACHINE_LIBDIR MACHINE_SYSROOT MACHINE_RUNNER)
if(NOT MACHINE_LIBDIR)
  set(MACHINE_LIBDIR ${MACHINE})
endif()

set(CMAKE_SYSTEM_NAME Linux)
string(REGEX REPLACE "-.*" "" CMAKE_SYSTEM_PROCESSOR ${MACHINE})
set(CMAKE_C_COMPILER ${MACHINE}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${MACHINE_LIBDIR})
set(CMAKE_CROSSCOMPILING_EMULATOR ${MACHINE_RUNNER})

if(MACHINE_SYSROOT)
  # The compiler keeps its own libc; the sysroot holds only the libraries.
  set(CMAKE_FIND_ROOT_PATH ${MACHINE_SYSROOT})
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
  set(CMAKE_C_FLAGS_INIT "-isystem ${MACHINE_SYSROOT}/usr/include/${MACHINE_LIBDIR}")
  set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${MACHINE_SYSROOT}/usr/lib/${MACHINE_LIBDIR}")
endif()
