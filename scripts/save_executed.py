"""Saves what ONNX Runtime executes of files, without weights: save_executed.py FOLDER MODEL...

Beside MODEL.onnx without its weights FOLDER gets MODEL-8.onnx or MODEL-16.onnx, by the CPU's blocks (of 8 with AVX2,
of 16 with AVX-512). An emulator of user programs gives a CPU of the other kind:
qemu-x86_64 -cpu max,-avx512f python3 save_executed.py FOLDER MODEL...
"""
import os
import pathlib
import sys
import tempfile

import onnx
import onnxruntime

KEPT = 64  # bytes: constants that rules look at; and all integers


def strip(model):
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.raw_data) + 4 * len(tensor.float_data) <= KEPT:
            continue
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        del tensor.external_data[:]
        tensor.external_data.add(key="location", value="weights")
    del model.graph.value_info[:]
    return model.SerializeToString()


def executed(file):
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.optimized_model_filepath = os.path.join(folder, "graph.onnx")
        onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def block():
    """Of a convolution of eight channels, whose weights are padded to whole blocks."""
    image = onnx.helper.make_tensor_value_info("x", 1, [1, 8, 4, 4])
    out = onnx.helper.make_tensor_value_info("y", 1, [1, 8, 4, 4])
    weights = onnx.helper.make_tensor("w", 1, [8, 8, 1, 1], [1.0] * 64)
    graph = onnx.helper.make_graph([onnx.helper.make_node("Conv", ["x", "w"], ["y"])], "g", [image], [out], [weights])
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        opset = onnx.helper.make_opsetid("", 17)
        onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), file.name)
        return executed(file.name).graph.initializer[0].dims[0]


folder, width = pathlib.Path(sys.argv[1]), block()
for name in map(pathlib.Path, sys.argv[2:]):
    (folder / f"{name.stem}-{width}.onnx").write_bytes(strip(executed(name)))
    (folder / name.name).write_bytes(strip(onnx.load(name)))
