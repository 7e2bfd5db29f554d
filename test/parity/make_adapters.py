"""Adapters as peft saves them, with logits, loss and the gradient of every tensor in the file."""

import copy
import json
import os
import re

from make_golden import generator, normal, save_json, save_tensors, uniform

import peft
import torch
from safetensors.torch import load_file
from torch import nn


def file_key(name):
    """A parameter's name inside a PeftModel -> its key in adapter_model.safetensors."""
    key = name.replace('.modules_to_save.default', '').replace('.default.weight', '.weight')
    return key.replace('lora_magnitude_vector.weight', 'lora_magnitude_vector')


def adaptable(module):
    """What Lowrank adapts: linear layers and convolutions that peft can represent (one group; it ignores dilation)."""
    if isinstance(module, nn.Conv2d):
        return module.groups == 1 and set(module.dilation) == {1}
    return isinstance(module, nn.Linear)


def settings_of(model, settings, heads):
    """LoraConfig arguments; the regular expression `targets` becomes full paths of layers, the heads left out."""
    settings = dict(settings)
    pattern = settings.pop('targets', None)
    if pattern is not None:
        settings['target_modules'] = [
            path
            for path, module in model.named_modules()
            if adaptable(module) and not path.startswith(tuple(heads)) and re.fullmatch(pattern, path)
        ]
    return {**settings, 'modules_to_save': sorted(set(heads))}


@torch.no_grad()
def draw(adapted, name):
    """A and B both random and not 0, changing the weight by a good part of its size; magnitudes off their start."""
    for path, parameter in adapted.named_parameters():
        if not parameter.requires_grad:
            continue
        gen = generator(name, path)
        if 'lora_A' in path:
            parameter.copy_(normal(gen, parameter.shape, parameter[0].numel() ** -0.5))
        elif 'lora_B' in path:
            # Convolutions stand in long chains whose BatchNorms know of no adapter: smaller, or the loss saturates.
            parameter.copy_(normal(gen, parameter.shape, 0.06 if parameter.ndim == 4 else 0.2))
        elif 'magnitude' in path:
            parameter.mul_(uniform(gen, parameter.shape, 0.8, 1.25))
        else:
            parameter.add_(normal(gen, parameter.shape, 0.1))


def tidy(directory):
    """peft writes target modules as a set, in an order of the moment; and a model card nobody needs."""
    os.remove(os.path.join(directory, 'README.md'))
    path = os.path.join(directory, 'adapter_config.json')
    with open(path, encoding='utf-8') as file:
        config = json.load(file)
    for key in ('target_modules', 'modules_to_save'):
        if isinstance(config[key], list):
            config[key] = sorted(config[key])
    save_json(path, config)


def write_adapter(model, name, settings, heads, evaluate, directory):
    """`evaluate(model)` gives logits and loss; `heads` are the modules trained whole (modules_to_save)."""
    base = copy.deepcopy(model)
    base.name_or_path = name.split('/')[0]
    adapted = peft.get_peft_model(base, peft.LoraConfig(**settings_of(base, settings, heads))).eval()
    draw(adapted, name)
    adapted.save_pretrained(directory)
    tidy(directory)
    scales = {
        path.removeprefix('base_model.model.'): module.scaling['default']
        for path, module in adapted.named_modules()
        if isinstance(module, peft.tuners.lora.LoraLayer)
    }
    adapted.double()
    logits, loss = evaluate(adapted)
    loss.backward()
    gradients = {file_key(path): p.grad for path, p in adapted.named_parameters() if p.requires_grad}
    stored = load_file(os.path.join(directory, 'adapter_model.safetensors'))
    assert {k: v.shape for k, v in stored.items()} == {k: v.shape for k, v in gradients.items()}
    assert all(gradient.abs().max() > 1e-7 for gradient in gradients.values()), 'a gradient that tests nothing'
    save_tensors(os.path.join(directory, 'gradients.safetensors'), gradients)
    save_tensors(os.path.join(directory, 'golden.safetensors'), {'logits': logits})
    save_json(os.path.join(directory, 'golden.json'), {'loss': loss.item(), 'scales': scales})
