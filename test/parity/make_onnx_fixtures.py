"""Writes test/fixtures/formats/*.onnx with the reference implementation (onnx).

tensors: an initializer of each type in raw (`raw_<type>`) and in typed form (`typed_<type>`); element i is i - 2 (unsigned: i;
bool: i is odd). Besides: an int64 beyond 2**53, dimensions of all three kinds, a node with every kind of attribute, a function.
external: y = x + w with w in external.onnx.data, behind 16 bytes of something else.
"""

from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

out = Path(__file__).parent.parent / "fixtures" / "formats"
signed = np.arange(6).reshape(2, 3) - 2
unsigned = np.arange(6).reshape(2, 3)
arrays = {
    "float": signed.astype(np.float32),
    "double": signed.astype(np.float64),
    "float16": signed.astype(np.float16),
    "bfloat16": signed.astype(ml_dtypes.bfloat16),
    "int64": signed.astype(np.int64),
    "int32": signed.astype(np.int32),
    "int8": signed.astype(np.int8),
    "uint32": unsigned.astype(np.uint32),
    "uint8": unsigned.astype(np.uint8),
    "bool": unsigned % 2 == 1,
}


def typed(name, array):
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor(name, kind, array.shape, array.flatten().tolist())


initializers = [numpy_helper.from_array(a, f"raw_{n}") for n, a in arrays.items()]
initializers += [typed(f"typed_{n}", a) for n, a in arrays.items()]
initializers.append(helper.make_tensor("large", TensorProto.INT64, [4], [2**53 + 1, -(2**63), 2**63 - 1, -1]))
initializers.append(helper.make_tensor("text", TensorProto.STRING, [1], [b"no"]))
body = helper.make_graph([helper.make_node("Identity", ["x"], ["z"])], "body", [], [])
node = helper.make_node(
    "Any", ["x", "", "raw_float"], ["y"], name="layer/any", domain="test",
    f=0.5, i=2**53 + 1, s="größe", t=numpy_helper.from_array(np.float32(3)), g=body,
    floats=[0.5, -1.0], ints=[-1, 2**40, 0], strings=["a", "b"],
)
node.metadata_props.add(key="namespace", value="layer")
graph = helper.make_graph(
    [node], "graph",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, None, 0])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    initializers,
)
function = helper.make_function(
    "test", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 18)]
)
model = helper.make_model(
    graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("test", 1)], functions=[function], ir_version=9
)
helper.set_model_props(model, {"classes": "cat,dog"})
onnx.save(model, out / "tensors.onnx")

w = numpy_helper.from_array(np.arange(4, dtype=np.float32), "w")
(out / "external.onnx.data").write_bytes(b"\xee" * 16 + w.raw_data)
w.ClearField("raw_data")
w.data_location = TensorProto.EXTERNAL
for key, value in {"location": "external.onnx.data", "offset": "16", "length": "16"}.items():
    w.external_data.add(key=key, value=value)
ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ["x", "y"]]
add = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "add", ports[:1], ports[1:], [w])
onnx.save(helper.make_model(add, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), out / "external.onnx")
