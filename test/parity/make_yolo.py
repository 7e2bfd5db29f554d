"""Checkpoints of Ultralytics with random weights, what its models compute with them, and adapters that peft saved.

    OUT/<model>.pt                        as Ultralytics saves it, half precision
    OUT/<model>/golden.safetensors        `pixels` (N, 3, h, w) and the raw outputs of each branch of the head, `one2many.boxes`,
                                          `one2many.scores`, … as (N, channels, anchors)
    OUT/<model>/golden.json               task, names, strides, convolutions by module path, parameters
    OUT/<model>/adapters/lora/            peft's two files, `golden.safetensors` with the outputs under the adapter

With --tiny networks of a few layers that together have every module of the four families; else the published sizes of --scales, and other
ways of saving n: fused, bfloat16, whole precision, with another model beside the EMA weights, YOLOv8 as Ultralytics 8.0 did. Outputs are
computed in float64.
"""

import argparse
import copy
import json
import os
import pathlib
import sys
import tempfile
import types

# Nothing is fetched and nothing is reported.
os.environ.setdefault('YOLO_OFFLINE', 'true')
os.environ.setdefault('YOLO_AUTOINSTALL', 'false')
os.environ.setdefault('YOLO_VERBOSE', 'false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

from make_adapters import adaptable, draw, tidy  # noqa: E402
from make_golden import generator, randomize, save_json, save_tensors, settle_batch_norms, uniform  # noqa: E402

import peft  # noqa: E402
import torch  # noqa: E402
import ultralytics  # noqa: E402
from torch import nn  # noqa: E402
from ultralytics.nn.tasks import DetectionModel, yaml_model_load  # noqa: E402

FAMILIES = ['yolov8', 'yolo11', 'yolo12', 'yolo26']
DATE = '2026-01-01T00:00:00+00:00'
BATCH = 2
# A layer of random weights magnifies rounding errors by a tenth: in these PyTorch's own float32 was up to 3.5e-3 from its float64. Where
# SiLU is nearly straight, above 1, they stay as they are.
DEEP = ('l', 'x')
# Of the modules of YOLOv8: what 8.0 had not, or lazily.
LATER = {'SPPF': ('n', 'add'), 'Detect': ('end2end', 'legacy', 'max_det', 'agnostic_nms', 'format', 'xyxy')}

# Strides 4 and 8, an upper level that is fed back into the lower one.
TINY = {
    'yolov8': {
        'reg_max': 4,
        'backbone': [
            [-1, 1, 'Conv', [8, 3, 2]],
            [-1, 1, 'Conv', [16, 3, 2]],
            [-1, 1, 'C2f', [16, True]],
            [-1, 1, 'Conv', [16, 3, 2]],
            [-1, 1, 'SPPF', [16, 5]],
        ],
        'head': [
            [-1, 1, 'nn.Upsample', [None, 2, 'nearest']],
            [[-1, 2], 1, 'Concat', [1]],
            [-1, 2, 'C2f', [16]],
            [[7, 4], 1, 'Detect', ['nc']],
        ],
    },
    'yolo11': {
        'reg_max': 4,
        'backbone': [
            [-1, 1, 'Conv', [8, 3, 2]],
            [-1, 1, 'Conv', [16, 3, 2]],
            [-1, 1, 'C3k2', [16, False, 0.25]],
            [-1, 1, 'Conv', [16, 3, 2]],
            [-1, 1, 'C2PSA', [16]],
        ],
        'head': [
            [-1, 1, 'nn.Upsample', [None, 2, 'nearest']],
            [[-1, 2], 1, 'Concat', [1]],
            [-1, 1, 'C3k2', [16, True]],
            [[7, 4], 1, 'Detect', ['nc']],
        ],
    },
    'yolo12': {
        'reg_max': 4,
        'backbone': [
            [-1, 1, 'Conv', [8, 3, 2]],
            [-1, 1, 'Conv', [64, 3, 2]],
            # The larger YOLO12 scale their residuals by a vector.
            [-1, 1, 'A2C2f', [64, True, 4, True]],
            [-1, 1, 'Conv', [16, 3, 2]],
        ],
        'head': [
            [-1, 1, 'nn.Upsample', [None, 2, 'nearest']],
            [[-1, 2], 1, 'Concat', [1]],
            [-1, 1, 'A2C2f', [64, False, -1]],
            [-1, 1, 'Conv', [16, 1, 1]],
            [[7, 3], 1, 'Detect', ['nc']],
        ],
    },
    'yolo26': {
        'end2end': True,
        'reg_max': 1,
        'backbone': [
            [-1, 1, 'Conv', [8, 3, 2]],
            [-1, 1, 'Conv', [16, 3, 2]],
            [-1, 1, 'Conv', [16, 3, 2]],
            [-1, 1, 'SPPF', [16, 5, 3, True]],
            [-1, 1, 'C3k2', [16, True, 0.5, True]],
        ],
        'head': [
            [-1, 1, 'nn.Upsample', [None, 2, 'nearest']],
            [[-1, 1], 1, 'Concat', [1]],
            [-1, 1, 'Conv', [16, 1, 1]],
            [[7, 4], 1, 'Detect', ['nc']],
        ],
    },
}


def detector(name, tiny):
    """A network with random weights that keep signals near 1."""
    classes = 3 if tiny else 80
    if tiny:
        config = {'nc': classes, 'yaml_file': f'{name}-tiny.yaml', 'channels': 3, **copy.deepcopy(TINY[name[:6]])}
    else:
        config = yaml_model_load(f'{name}.yaml')
    model = DetectionModel(config, ch=3, nc=classes, verbose=False)
    randomize(model, name)
    for path, module in model.named_modules():
        # The bins of a distribution are 0, 1, 2, …: no weight of the network.
        if path.endswith('dfl.conv'):
            module.weight.data.copy_(torch.arange(module.weight.numel()).view(module.weight.shape))
        elif name.endswith(DEEP) and isinstance(module, nn.BatchNorm2d):
            module.bias.data.add_(1)
    size = 32 if tiny else 128
    pixels = uniform(generator(name, 'pixels'), (BATCH, 3, size, size), 0, 1)
    # More images than are compared: statistics of a few pixels would make every later rounding error large.
    settle_batch_norms(model.double(), uniform(generator(name, 'settling'), (8, 3, size, size), 0, 1), None)
    model.names = dict(enumerate(['disc', 'square', 'star'] if tiny else (f'class {i}' for i in range(classes))))
    model.args = {'task': 'detect', 'imgsz': size}
    return model.float().eval(), pixels


def as_saved(model, dtype=torch.float16):
    return {
        'date': DATE,
        'version': ultralytics.__version__,
        'train_args': model.args,
        'ema': None,
        'model': copy.deepcopy(model).to(dtype),
    }


@torch.no_grad()
def outputs(model, pixels):
    """Raw outputs of the head in evaluation mode."""
    _, raw = model(pixels)
    branches = raw if 'one2many' in raw else {'one2many': raw}
    return {
        f'{branch}.{kind}': values[kind].contiguous()
        for branch, values in branches.items()
        if values
        for kind in ('boxes', 'scores')
    }


def layers(model):
    return {
        path: {'kind': 'conv', 'weight': list(module.weight.shape), 'groups': module.groups}
        for path, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and not path.endswith('dfl.conv')
    }


def write_adapter(out, name, model, pixels):
    heads = ('cv3.0.2', 'cv3.1.2', 'cv3.2.2')
    targets = [
        path
        for path, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and adaptable(module) and not path.endswith((*heads, 'dfl.conv'))
    ]
    config = peft.LoraConfig(r=2, lora_alpha=3, target_modules=targets)
    adapted = peft.get_peft_model(copy.deepcopy(model), config)
    draw(adapted, f'{name}/lora')
    for path, parameter in adapted.named_parameters():
        if 'lora_B' in path:
            # A hundred layers follow each other, and the statistics of their norms know of no adapter.
            parameter.data.mul_(0.25)
    directory = os.path.join(out, name, 'adapters', 'lora')
    adapted.save_pretrained(directory)
    tidy(directory)
    save_tensors(os.path.join(directory, 'golden.safetensors'), outputs(adapted.base_model.model.double().eval(), pixels))


def write(out, name, tiny):
    model, pixels = detector(name, tiny)
    saved = as_saved(model)
    torch.save(saved, os.path.join(out, f'{name}.pt'))
    model = copy.deepcopy(saved['model']).double().eval()
    os.makedirs(os.path.join(out, name), exist_ok=True)
    save_tensors(os.path.join(out, name, 'golden.safetensors'), {'pixels': pixels, **outputs(model, pixels)})
    save_json(
        os.path.join(out, name, 'golden.json'),
        {
            'version': ultralytics.__version__,
            'names': list(model.names.values()),
            'strides': [int(stride) for stride in model.stride],
            'parameters': sum(p.numel() for path, p in model.named_parameters() if 'dfl' not in path),
            'layers': layers(model),
        },
    )
    write_adapter(out, name, model.float(), pixels)
    return model


def write_other_ways(out, name, model):
    """The same network in other files; the goldens of `name` hold where nothing is rounded."""
    other, _ = detector(name, False)
    for parameter in other.parameters():
        parameter.data.zero_()
    torch.save({**as_saved(other, torch.float32), 'ema': copy.deepcopy(model).float()}, os.path.join(out, f'{name}-ema.pt'))
    torch.save(as_saved(model, torch.bfloat16), os.path.join(out, f'{name}-bf16.pt'))
    torch.save(as_saved(model, torch.float64), os.path.join(out, f'{name}-fp64.pt'))
    torch.save({'model': copy.deepcopy(model).float().fuse(verbose=False)}, os.path.join(out, f'{name}-fused.pt'))
    strided = copy.deepcopy(model).float()
    for parameter in strided.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    torch.save({'model': strided}, os.path.join(out, f'{name}-channels-last.pt'))


def write_as_first_version(out, name, model):
    """As 8.0: modules in one file, not yet in several; the job as an object, with paths in it. The names are put back afterwards."""
    old = copy.deepcopy(model).half()
    utils = types.ModuleType('ultralytics.yolo.utils')
    utils.IterableSimpleNamespace = type('IterableSimpleNamespace', (types.SimpleNamespace,), {'__module__': utils.__name__})
    sys.modules[utils.__name__] = utils
    old.args = utils.IterableSimpleNamespace(task='detect', imgsz=128, save_dir=pathlib.PurePosixPath('runs/detect/train'))
    kinds = {type(module) for module in old.modules() if type(module).__module__.startswith('ultralytics.nn.modules.')}
    homes = {kind: kind.__module__ for kind in kinds}
    for module in old.modules():
        for attribute in LATER.get(type(module).__name__, ()):
            module.__dict__.pop(attribute, None)
    for kind in kinds:
        kind.__module__ = 'ultralytics.nn.modules'
    torch.save({'epoch': -1, 'model': old, 'ema': None, 'train_args': vars(old.args)}, os.path.join(out, f'{name}-first.pt'))
    for kind, home in homes.items():
        kind.__module__ = home


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--out', required=True)
    parser.add_argument('--tiny', action='store_true')
    parser.add_argument('--scales', default='nsm')
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    for family in FAMILIES:
        if args.tiny:
            write(args.out, family, True)
            continue
        for scale in args.scales:
            model = write(args.out, f'{family}{scale}', False)
            if scale == 'n':
                write_other_ways(args.out, f'{family}{scale}', model)
                if family == 'yolov8':
                    write_as_first_version(args.out, f'{family}{scale}', model)


main()
