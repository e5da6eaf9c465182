# Debian's cross compiler for 64-bit Arm. Programs run here where scripts/setup.sh --aarch64 has left an emulator.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(emulator "${CMAKE_CURRENT_LIST_DIR}/../build/emulator/usr/bin/qemu-aarch64")
if(EXISTS "${emulator}")
  # A server core without SME: with it ONNX Runtime executes other graphs, which rules do not know.
  set(CMAKE_CROSSCOMPILING_EMULATOR "${emulator};-cpu;neoverse-n1;-L;/usr/aarch64-linux-gnu")
endif()
