# Installs the libraries, builds the examples against them as other projects would, runs them on packs.
# Given: BUILD, SOURCE, MAKE_PACK, MAKE_NETWORK_PACK, CXX, FLAGS.
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

function(build_example name)
  run(${CMAKE_COMMAND} -S "${SOURCE}/examples/${name}" -B "${work}/${name}" "-DCMAKE_PREFIX_PATH=${work}/prefix"
      "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
  run(${CMAKE_COMMAND} --build "${work}/${name}")
endfunction()

run(${CMAKE_COMMAND} --install "${BUILD}" --component core --prefix "${work}/prefix")
build_example(predict_cpp)
run("${MAKE_PACK}" "${work}/sample.latpack")
run("${work}/predict_cpp/predict_cpp" "${work}/sample.latpack" conv 8 16)
if(NOT output MATCHES "conv: [0-9]+ ns \\(ok\\) on host")
  message(FATAL_ERROR "unexpected output: ${output}")
endif()

run(${CMAKE_COMMAND} --install "${BUILD}" --component forecast --prefix "${work}/prefix")
build_example(search_cpp)
run("${MAKE_NETWORK_PACK}" "${work}/network.latpack" "${work}/small.onnx")
run("${work}/search_cpp/search_cpp" "${work}/network.latpack" 1000)
if(NOT output MATCHES "width 48, depth 4, resolution 224: .* ms .* MACs\n220 candidates")
  message(FATAL_ERROR "unexpected output: ${output}")
endif()

# A network that is built, given another batch, and cut in two, with all of them forecast.
build_example(partition_cpp)
foreach(batch 1 4)
  run("${work}/partition_cpp/partition_cpp" "${work}/network.latpack" ${batch})
  math(EXPR bytes "${batch} * 65536")
  if(NOT output MATCHES "^15 operators, [0-9]+ us\nbehind Conv: [0-9]+ us \\+ [0-9]+ us, 1 tensors of ${bytes} bytes cross\n")
    message(FATAL_ERROR "unexpected output: ${output}")
  endif()
endforeach()

build_example(forecast_file_cpp)
run("${work}/forecast_file_cpp/forecast_file_cpp" "${work}/network.latpack" "${work}/small.onnx")
if(NOT output MATCHES "^[0-9.]+ ms \\([0-9.]+ .. [0-9.]+\\), 100 % .* modules\n")
  message(FATAL_ERROR "unexpected output: ${output}")
endif()
