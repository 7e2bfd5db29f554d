"""Whole-model gradients for two tiny ONNX classifiers: what an importer, LoRA and reverse mode must give together.

    OUT/onnx-cnn/fused.onnx, kept.onnx        script exporter: BatchNorm folded into convolutions (its default), or kept
    OUT/onnx-cnn/dynamo.onnx, OUT/onnx-vit/script.onnx, dynamo.onnx
    OUT/<model>/golden.safetensors            `input`, `labels`, `logits` (the same for every file of the model)
    OUT/<model>/adapters/<adapter>/           as in make_hf.py; `fused` and `kept` belong to the CNN's files so named
                                              (dynamo.onnx is fused too): another adapter fits a fused convolution

LoRA is on every linear layer and convolution but the head and what peft cannot represent (groups, dilation).
"""

import argparse
import copy
import logging
import os

from make_adapters import write_adapter
from make_golden import generator, layers, normal, randomize, save_json, save_tensors, settle_batch_norms, settle_head
from make_onnx import export

import timm
import torch
from torch import nn

CLASSES = 5
BATCH = 2
LORA = {'r': 2, 'lora_alpha': 3, 'targets': '.*'}


class Unit(nn.Sequential):
    """Convolution, BatchNorm, activation: the form every CNN of the issue is made of."""

    def __init__(self, inside, outside, kernel, act, stride=1, groups=1, dilation=1):
        padding = dilation * (kernel - 1) // 2
        super().__init__(
            nn.Conv2d(inside, outside, kernel, stride, padding, dilation, groups, bias=False),
            nn.BatchNorm2d(outside),
            act(),
        )


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        gate = self.expand(torch.relu(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(gate)


class Cnn(nn.Module):
    """Strides, a shortcut, depthwise, dilated and grouped convolutions, squeeze-excite, both poolings, activations."""

    def __init__(self):
        super().__init__()
        self.stem = Unit(3, 8, 3, nn.Hardswish, stride=2)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.expand = Unit(8, 16, 1, nn.ReLU6)
        self.depthwise = Unit(16, 16, 3, nn.SiLU, groups=16)
        self.squeeze = SqueezeExcite(16, 4)
        self.project = Unit(16, 8, 1, nn.Identity)
        self.down = Unit(8, 12, 5, nn.ReLU, stride=2)
        self.dilated = Unit(12, 12, 3, nn.GELU, dilation=2)
        self.grouped = Unit(12, 12, 3, nn.ReLU, groups=3)
        self.average = nn.AvgPool2d(2)
        self.fc = nn.Linear(12, 16)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = self.pool(self.stem(x))
        x = x + self.project(self.squeeze(self.depthwise(self.expand(x))))
        x = self.dilated(self.down(x))
        x = self.average(x + self.grouped(x))
        return self.head(torch.nn.functional.leaky_relu(self.fc(x.mean((2, 3))), 0.1))


def vit():
    return timm.create_model(
        'vit_tiny_patch16_224',
        num_classes=CLASSES,
        img_size=16,
        patch_size=4,
        embed_dim=24,
        depth=2,
        num_heads=3,
        mlp_ratio=2,
    )


def fused(model):
    """The model with every BatchNorm folded into the convolution before it, under the same module paths."""
    model = copy.deepcopy(model).double()
    for unit in model.modules():
        if isinstance(unit, Unit):
            unit[0], unit[1] = nn.utils.fuse_conv_bn_eval(unit[0], unit[1]), nn.Identity()
    return model.float()


def make_one(out, name, maker, size, exports, adapters):
    images = normal(generator(name, 'images'), (16, 3, size, size)).float()
    model = settle_head(settle_batch_norms(randomize(maker(), name), images, name), 'head', images)
    images, labels = images[:BATCH], torch.tensor([4, 2])
    directory = os.path.join(out, name)
    os.makedirs(directory, exist_ok=True)

    def evaluate(model):
        logits = model(images.to(next(model.parameters()).dtype))
        return logits, nn.functional.cross_entropy(logits, labels)

    for file, (exporter, opset, options) in exports.items():
        export(copy.deepcopy(model), images, os.path.join(directory, f'{file}.onnx'), exporter, opset, **options)
    logits, loss = evaluate(copy.deepcopy(model).double())
    save_tensors(os.path.join(directory, 'golden.safetensors'), {'input': images, 'labels': labels, 'logits': logits})
    save_json(os.path.join(directory, 'golden.json'), {'head': 'head', 'loss': loss.item(), 'layers': layers(model)})
    for adapter, base in adapters(model).items():
        place = os.path.join(directory, 'adapters', adapter)
        write_adapter(base, f'{name}/{adapter}', LORA, ['head'], evaluate, place)


def make(out, small=False, log=print):
    logging.disable(logging.WARNING)
    dynamo = {} if small else {'dynamo': ('dynamo', None, {})}
    cnn = {'fused': ('script', 13, {}), 'kept': ('script', 17, {'keep_batch_norm': True})}
    make_one(out, 'onnx-cnn', Cnn, 32, cnn | dynamo, lambda model: {'kept': model, 'fused': fused(model)})
    make_one(out, 'onnx-vit', vit, 16, {'script': ('script', 17, {})} | dynamo, lambda model: {'lora': model})
    log('onnx-cnn, onnx-vit')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True)
    parser.add_argument('--small', action='store_true', help='only what the repository holds')
    arguments = parser.parse_args()
    make(arguments.out, arguments.small)
