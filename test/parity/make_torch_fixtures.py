"""A small checkpoint of torch.save with every element type, strides, shared storages and an inert module.

    OUT/tensors.pt, OUT/tensors.safetensors   the same tensors; bfloat16 and float64 as float32 in the latter
    OUT/foreign-global.pt                     would create a file if it were run
    OUT/script.pt                             TorchScript
"""

import argparse
import collections
import os

import torch
from safetensors.torch import save_file
from torch import nn


class Foreign:
    def __reduce__(self):
        return (os.system, ('touch executed',))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--out', required=True)
    out = parser.parse_args().out
    numbers = torch.arange(-12, 12).view(2, 3, 4)
    whole = torch.arange(24, dtype=torch.float32)
    kinds = {'fp32': torch.float32, 'fp16': torch.float16, 'bf16': torch.bfloat16, 'fp64': torch.float64}
    integers = {'i64': torch.int64, 'i32': torch.int32, 'i8': torch.int8}
    tensors = {name: (numbers / 3).to(kind) for name, kind in kinds.items()}
    tensors |= {name: numbers.to(kind) for name, kind in integers.items()}
    tensors |= {
        'u8': (numbers + 12).to(torch.uint8),
        'bool': numbers > 0,
        'scalar': torch.tensor(2.5),
        'empty': torch.zeros(0, 3),
        'transposed': whole.view(4, 6).t(),
        'channels-last': torch.randn(2, 3, 2, 2, generator=torch.Generator().manual_seed(1)).to(
            memory_format=torch.channels_last
        ),
        'every-other': whole[1::2],
        'column': whole.view(4, 6)[:, 2],
    }
    layer = nn.Linear(2, 1)
    layer.weight.data = torch.tensor([[1.0, 2.0]])
    layer.bias.data = torch.tensor([3.0])
    root = {
        'tensors': collections.OrderedDict(tensors),
        'module': layer,
        'numbers': [1, -1, 300, 70_000, 2**40, -(2**70), 0.5, True, False, None],
        'texts': ('größer', 'x' * 300, {'a': (), 'b': (1,), 3: (1, 2, 3, 4)}),
    }
    torch.save(root, os.path.join(out, 'tensors.pt'))
    torch.save(root, os.path.join(out, 'tensors-protocol-5.pt'), pickle_protocol=5)
    stored = {name: t.float() if t.dtype in (torch.bfloat16, torch.float64) else t for name, t in tensors.items()}
    save_file({name: t.contiguous().clone() for name, t in stored.items()}, os.path.join(out, 'tensors.safetensors'))
    torch.save({'model': Foreign()}, os.path.join(out, 'foreign-global.pt'))
    torch.save({'weight': torch.ones(2)}, os.path.join(out, 'older-form.pt'), _use_new_zipfile_serialization=False)
    torch.jit.script(nn.Identity()).save(os.path.join(out, 'script.pt'))


main()
