# `cmake --install`: what other programs link, found by find_package(latcast). Component core: latcast::core and the
# public headers, for an adaptive runtime. Component forecast: also whole networks that no file holds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/latcast")
set_target_properties(latcast_core PROPERTIES EXPORT_NAME core)
target_compile_features(latcast_core PUBLIC cxx_std_20)
install(TARGETS latcast_core EXPORT latcastTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT core)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/latcast" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT core
        FILES_MATCHING PATTERN "*.h")
install(EXPORT latcastTargets NAMESPACE latcast:: DESTINATION "${config_dir}" COMPONENT core)
set(layers latcast_catalogue latcast_graph latcast_rules latcast_forecast)
foreach(layer IN LISTS layers)
  string(REPLACE "latcast_" "" name ${layer})
  set_target_properties(${layer} PROPERTIES EXPORT_NAME ${name})
endforeach()
install(TARGETS ${layers} EXPORT latcastForecastTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT forecast)
install(EXPORT latcastForecastTargets NAMESPACE latcast:: DESTINATION "${config_dir}" COMPONENT forecast)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/latcastConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/latcastConfig.cmake" INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/latcastConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/latcastConfig.cmake" "${PROJECT_BINARY_DIR}/latcastConfigVersion.cmake"
        DESTINATION "${config_dir}" COMPONENT core)

# The test installs to a folder of its own, builds the examples against it and runs them on packs.
if(PROJECT_IS_TOP_LEVEL AND BUILD_TESTING AND NOT LATCAST_DEVICE_ONLY)
  add_executable(latcast_sample_pack "${PROJECT_SOURCE_DIR}/tests/core/make_sample_pack.cpp")
  target_include_directories(latcast_sample_pack PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(latcast_sample_pack PRIVATE latcast::core latcast_flags)
  add_executable(latcast_network_pack "${PROJECT_SOURCE_DIR}/tests/forecast/make_network_pack.cpp")
  target_include_directories(latcast_network_pack PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(latcast_network_pack PRIVATE latcast::forecast latcast_flags)
  add_test(NAME core.InstalledPackageServesTheExamples
           COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR} -DSOURCE=${PROJECT_SOURCE_DIR}
                   -DMAKE_PACK=$<TARGET_FILE:latcast_sample_pack>
                   -DMAKE_NETWORK_PACK=$<TARGET_FILE:latcast_network_pack> -DCXX=${CMAKE_CXX_COMPILER}
                   -DFLAGS=$<$<BOOL:${LATCAST_SANITIZE}>:-fsanitize=address,undefined>
                   -P "${PROJECT_SOURCE_DIR}/tests/core/install_test.cmake")
  set_tests_properties(core.InstalledPackageServesTheExamples PROPERTIES LABELS "core;slow" TIMEOUT 300)
endif()
