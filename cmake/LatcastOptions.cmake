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
                                               # GCC 12 sees overlaps and overflows in std::string that are not there;
                                               # clang, which builds for the sanitizers, is not told to look away.
                                               $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                                               $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
                                               $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
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

# Headers that nearly every file includes: parsing them takes longer than most files' own code. Each file still includes
# what it uses.
set(LATCAST_COMMON_HEADERS <algorithm> <array> <chrono> <cmath> <filesystem> <functional> <limits> <map> <memory>
                           <optional> <set> <span> <string> <string_view> <utility> <vector>)

# latcast_layer(NAME [QUICK_BUILD] [DEPENDS targets...] [PRECOMPILE headers...]): the static library of one layer, from
# every .cpp below the current folder. QUICK_BUILD: -O1 in release builds, for layers that no forecast and no training
# spends time in. Layers without headers of their own to precompile share those of the first one of their kind.
function(latcast_layer name)
  cmake_parse_arguments(ARG "QUICK_BUILD" "" "DEPENDS;PRIVATE;PRECOMPILE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(latcast_${name} STATIC ${sources})
  add_library(latcast::${name} ALIAS latcast_${name})
  target_include_directories(latcast_${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>")
  target_link_libraries(latcast_${name} PUBLIC ${ARG_DEPENDS} PRIVATE $<BUILD_INTERFACE:latcast_flags> ${ARG_PRIVATE})
  set(kind latcast_pch_default)
  if(ARG_QUICK_BUILD)
    set(kind latcast_pch_quick)
    target_compile_options(latcast_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  get_property(first GLOBAL PROPERTY ${kind})
  if(name STREQUAL "core") # options of its own, few headers
  elseif(first AND NOT ARG_PRECOMPILE)
    target_precompile_headers(latcast_${name} REUSE_FROM ${first})
  else()
    target_precompile_headers(latcast_${name} PRIVATE ${LATCAST_COMMON_HEADERS} ${ARG_PRECOMPILE})
    if(NOT ARG_PRECOMPILE)
      set_property(GLOBAL PROPERTY ${kind} latcast_${name})
    endif()
  endif()
endfunction()
