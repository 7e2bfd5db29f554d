"""What Lowrank exported, run by the programs it is for. Prints one JSON document.

    export_check.py switch FOLDER GOLDENS ADAPTER...    base.onnx with one adapter after the other, beside ADAPTER.onnx (merged)
    export_check.py onnx GOLDENS FILE                   checked by onnx, run by ONNX Runtime, its names read as a Python literal
    export_check.py transformers [FOLDER GOLDENS]...    loaded by transformers
    export_check.py processor RGB WIDTH FOLDER...       raw pixels as the AutoImageProcessor of each folder prepares them
"""

import ast
import json
import os
import sys
import warnings

os.environ.setdefault('HF_HUB_OFFLINE', '1')
warnings.simplefilter('ignore')

import numpy as np  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402


def session(path):
    import onnxruntime as ort

    options = ort.SessionOptions()
    # Each optional input would be warned of.
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=['CPUExecutionProvider'])


def pixels(goldens):
    return load_file(f'{goldens}/golden.safetensors')['pixel_values']


def switch(folder, goldens, *adapters):
    import onnxruntime as ort

    base = session(f'{folder}/base.onnx')
    feeds = {'pixel_values': pixels(goldens)}
    alone = base.run(None, feeds)[0]
    loaded = {}
    for name in adapters:
        loaded[name] = ort.LoraAdapter()
        loaded[name].Load(f'{folder}/{name}.onnx_adapter')
    differences = {}
    for name in [*adapters, *reversed(adapters)]:
        options = ort.RunOptions()
        options.add_active_adapter(loaded[name])
        logits = base.run(None, feeds, options)[0]
        merged = session(f'{folder}/{name}.onnx').run(None, feeds)[0]
        assert logits.shape == merged.shape, (logits.shape, merged.shape)
        differences.setdefault(name, []).append(float(abs(logits - merged).max()))
    expected = load_file(f'{goldens}/golden.safetensors')['logits']
    after = base.run(None, feeds)[0]
    return {
        'inputs': [value.name for value in base.get_inputs()],
        'alone': float(max(abs(alone - expected).max(), abs(after - expected).max())),
        'differences': differences,
        'parameters': {
            name: len(ort.AdapterFormat.read_adapter(f'{folder}/{name}.onnx_adapter').get_parameters())
            for name in adapters
        },
    }


def onnx(goldens, path):
    import onnx

    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return {
        'logits': session(path).run(None, {'pixel_values': pixels(goldens)})[0].tolist(),
        'names': list(ast.literal_eval(metadata['names']).items()),
        'opset': [[entry.domain, entry.version] for entry in model.opset_import],
    }


def transformers(*pairs):
    import torch
    from transformers import AutoModelForImageClassification

    told = []
    for folder, goldens in zip(*[iter(pairs)] * 2, strict=True):
        model, info = AutoModelForImageClassification.from_pretrained(folder, output_loading_info=True)
        with torch.no_grad():
            logits = model.eval()(pixel_values=torch.from_numpy(pixels(goldens))).logits
        told.append({
            'class': type(model).__name__,
            'logits': logits.flatten().tolist(),
            'labels': [model.config.id2label[index] for index in range(model.config.num_labels)],
            'missing': sorted(info['missing_keys']),
            'mismatched': sorted(map(str, info['mismatched_keys'])),
        })
    return told


def processor(rgb, width, *folders):
    from PIL import Image
    from transformers import AutoImageProcessor

    image = Image.fromarray(np.fromfile(rgb, np.uint8).reshape(-1, int(width), 3))
    told = []
    for folder in folders:
        values = AutoImageProcessor.from_pretrained(folder)(image, return_tensors='np')['pixel_values']
        told.append({'shape': list(values.shape), 'values': values.astype(np.float32).flatten().tolist()})
    return told


if __name__ == '__main__':
    commands = {'switch': switch, 'onnx': onnx, 'transformers': transformers, 'processor': processor}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
