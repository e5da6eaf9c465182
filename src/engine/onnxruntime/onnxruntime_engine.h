// ONNX Runtime through its C API, loaded at run time: the library that is deployed is the one that is measured.
#pragma once

#include <memory>

#include "engine/engine.h"

namespace latcast {

std::unique_ptr<Engine> make_onnxruntime_engine();

}  // namespace latcast
