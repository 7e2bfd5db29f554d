"""A small .onnx_adapter file as ONNX Runtime itself writes it: python test/parity/make_onnx_adapter.py FILE"""

import sys

import numpy as np
from onnxruntime import AdapterFormat, OrtValue

adapter = AdapterFormat()
adapter.set_adapter_version(3)
adapter.set_model_version(123456789)
tensors = {
    'layer.lora_A': np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    'layer.lora_B': np.array([[-1.5], [2.25]], dtype=np.float32),
    'ids': np.array([1, -2, 2**40], dtype=np.int64),
    'scale': np.array(0.5, dtype=np.float32),
}
adapter.set_parameters({name: OrtValue.ortvalue_from_numpy(value) for name, value in tensors.items()})
adapter.export_adapter(sys.argv[1])
