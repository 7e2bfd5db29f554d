"""What every maker of reference material shares: seeds by name, healthy random weights, files.

A golden is only as good as its numbers are far from trivial: default initialisations (biases 0, norms 1, weights 0.02)
hide a dropped bias or a swapped scale, so every parameter is drawn anew, at a size that keeps signals near 1.
Goldens are computed in float64 and stored in float32: they are the exact answer, not another machine's rounding.
"""

import json
import math
import os
import warnings
import zlib

os.environ.setdefault('HF_HUB_OFFLINE', '1')
warnings.simplefilter('ignore')

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)


def generator(*name):
    """A random generator that depends on the name alone, so that adding a golden does not change the others."""
    return torch.Generator().manual_seed(zlib.crc32('/'.join(map(str, name)).encode()))


def normal(gen, shape, std=1.0, mean=0.0):
    return torch.randn(shape, generator=gen, dtype=torch.float64) * std + mean


def uniform(gen, shape, low, high):
    return torch.rand(shape, generator=gen, dtype=torch.float64) * (high - low) + low


@torch.no_grad()
def randomize(model, name):
    """Draws every parameter: weights by fan-in, norms around 1, everything else small but not 0."""
    drawn = set()

    def draw(tensor, values):
        tensor.copy_(values.to(tensor.dtype))
        drawn.add(tensor.data_ptr())

    for path, module in model.named_modules():
        gen = generator(name, path)
        if isinstance(module, NORMS) and module.weight is not None:
            draw(module.weight, uniform(gen, module.weight.shape, 0.6, 1.4))
            draw(module.bias, normal(gen, module.bias.shape, 0.2))
        elif isinstance(module, (nn.Linear, nn.Conv2d)):
            fan_in = module.weight[0].numel()
            draw(module.weight, normal(gen, module.weight.shape, 1.2 / math.sqrt(fan_in)))
            if module.bias is not None:
                draw(module.bias, normal(gen, module.bias.shape, 0.2))
    for path, parameter in model.named_parameters():
        if parameter.data_ptr() not in drawn:
            # Class token, positions, layer scales, packed projections of MultiheadAttention, relative position biases.
            gen = generator(name, path)
            scale = path.rsplit('.', 1)[-1] in ('lambda1', 'gamma', 'layer_scale')
            packed = parameter.ndim == 2 and min(parameter.shape) >= 16
            std = 1.2 / math.sqrt(parameter.shape[1]) if packed else 0.3
            draw(parameter, uniform(gen, parameter.shape, 0.4, 1.2) if scale else normal(gen, parameter.shape, std))
    return model


@torch.no_grad()
def settle_batch_norms(model, images, name):
    """Running statistics from the data itself, then moved: activations stay healthy and no statistic is trivial.

    Without a name they are not moved.
    """
    norms = [(path, m) for path, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return model.eval()
    momenta = [m.momentum for _, m in norms]
    for _, m in norms:
        m.reset_running_stats()
        m.momentum = None
    model.train()
    model(images)
    for (path, m), momentum in zip(norms, momenta, strict=True):
        m.momentum = momentum
        if name is not None:
            gen = generator(name, path, 'statistics')
            deviation = m.running_var.sqrt()
            m.running_mean += deviation * normal(gen, deviation.shape, 0.2).to(deviation.dtype)
            m.running_var *= uniform(gen, deviation.shape, 0.7, 1.4).to(deviation.dtype)
    return model.eval()


@torch.no_grad()
def settle_head(model, head, images):
    """Scales the classifier to logits of a trained one's size: an absolute tolerance then means something."""
    out = model(images)
    factor = 2 / (out.logits if hasattr(out, 'logits') else out).std()
    for path in [head] if isinstance(head, str) else head:
        for parameter in model.get_submodule(path).parameters():
            parameter *= factor
    return model


def save_tensors(path, tensors, metadata=None):
    """Safetensors; float64 is stored as float32."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    stored = {
        key: (t.float() if t.dtype == torch.float64 else t).detach().clone().contiguous() for key, t in tensors.items()
    }
    save_file(stored, path, metadata={k: str(v) for k, v in (metadata or {}).items()} or None)


def save_json(path, content, indent=2):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(content, file, indent=indent)
        file.write('\n')


def layers(model):
    """Every layer an adapter could go to, by module path: what an importer has to find again."""
    found = {}
    for path, module in model.named_modules():
        if isinstance(module, nn.Linear):
            found[path] = {'kind': 'linear', 'weight': list(module.weight.shape), 'bias': module.bias is not None}
        elif isinstance(module, nn.Conv2d):
            found[path] = {
                'kind': 'conv',
                'weight': list(module.weight.shape),
                'bias': module.bias is not None,
                'stride': list(module.stride),
                'padding': module.padding if isinstance(module.padding, str) else list(module.padding),
                'groups': module.groups,
            }
    return found
