# Flags and helpers shared by every target.
option(LATCAST_WERROR "Treat warnings as errors" OFF)
option(LATCAST_SANITIZE "Build with ASan and UBSan" OFF)
option(LATCAST_FUZZ "Make libFuzzer targets (clang only)" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached only where ccache is told that their time stamps do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE_PROGRAM}")
endif()

add_library(latcast_flags INTERFACE)
target_compile_options(latcast_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
                                               # GCC 12 sees overlaps in std::string that are not there.
                                               $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                                               $<$<BOOL:${LATCAST_WERROR}>:-Werror>)
target_compile_definitions(latcast_flags INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(LATCAST_SANITIZE)
  target_compile_options(latcast_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(latcast_flags INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(latcast_flags INTERFACE LATCAST_ADDRESS_SANITIZER)
endif()

if(LATCAST_FUZZ)
  target_compile_options(latcast_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# latcast_layer(NAME [DEPENDS targets...]): the static library of one layer, from every .cpp below the current folder.
function(latcast_layer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(latcast_${name} STATIC ${sources})
  add_library(latcast::${name} ALIAS latcast_${name})
  target_include_directories(latcast_${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>")
  target_link_libraries(latcast_${name} PUBLIC ${ARG_DEPENDS} PRIVATE $<BUILD_INTERFACE:latcast_flags> ${ARG_PRIVATE})
endfunction()
