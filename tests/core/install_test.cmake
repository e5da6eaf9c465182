# Installs the core, builds examples/predict_cpp against it as another project would, runs it on a pack.
# Given: BUILD, SOURCE, MAKE_PACK, CXX, FLAGS.
set(work "${BUILD}/install_test")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${text}")
  endif()
  set(output "${text}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install "${BUILD}" --component core --prefix "${work}/prefix")
run(${CMAKE_COMMAND} -S "${SOURCE}/examples/predict_cpp" -B "${work}/build" "-DCMAKE_PREFIX_PATH=${work}/prefix"
    "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build "${work}/build")
run("${MAKE_PACK}" "${work}/sample.latpack")
run("${work}/build/predict_cpp" "${work}/sample.latpack" conv 8 16)
if(NOT output MATCHES "conv: [0-9]+ ns \\(ok\\) on host")
  message(FATAL_ERROR "unexpected output: ${output}")
endif()
