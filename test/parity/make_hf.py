"""Hugging Face directories with random weights, what transformers computes with them, and adapters that peft saved.

    OUT/<model>/config.json, model.safetensors, preprocessor_config.json   as on the hub
    OUT/<model>/golden.json          class, dtype of the weights, loss, tolerances' scale
    OUT/<model>/golden.safetensors   `images` (N, H, W, 3) uint8, `pixel_values` (N, 3, h, w), `labels` (N), `features`
                                     (what enters the first head), `logits` (N, 5)
    OUT/<model>/adapters/<adapter>/  peft's `adapter_config.json` and `adapter_model.safetensors`, `golden.json` (loss),
                                     `golden.safetensors` (`logits`), `gradients.safetensors`: of mean cross entropy,
                                     under the very keys of adapter_model.safetensors
    OUT/<model>/gradients.safetensors   (not among the committed ones) of the base's parameters, for full fine-tuning

Models are in evaluation mode: BatchNorm is frozen, nothing is dropped. All numbers are computed in float64.
"""

import argparse
import copy
import glob
import json
import os
import re

from make_adapters import write_adapter
from make_golden import generator, normal, randomize, save_json, save_tensors, settle_batch_norms, settle_head, uniform

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from torch import nn

transformers.logging.set_verbosity_error()
NAMES = ['ant', 'bee', 'cat', 'dog', 'eel']
LABELS = {'id2label': dict(enumerate(NAMES)), 'label2id': {name: i for i, name in enumerate(NAMES)}}
BATCH = 2
IMAGENET = {'image_mean': [0.485, 0.456, 0.406], 'image_std': [0.229, 0.224, 0.225]}
HALF = {'image_mean': [0.5, 0.5, 0.5], 'image_std': [0.5, 0.5, 0.5]}
COMMON = {'do_normalize': True, 'do_resize': True}

# preprocessor_config.json as transformers 4 wrote it, from its first years (sizes are ints) to its last.
VIT_PROCESSOR = {
    **COMMON, **HALF, 'do_rescale': True, 'image_processor_type': 'ViTImageProcessor', 'resample': 2,
    'rescale_factor': 0.00392156862745098, 'size': {'height': 32, 'width': 32},
}  # fmt: skip
DEIT_PROCESSOR = {
    **COMMON, **IMAGENET, 'crop_size': 16, 'do_center_crop': True, 'feature_extractor_type': 'DeiTFeatureExtractor',
    'resample': 3, 'size': 18,
}  # fmt: skip
DINO_PROCESSOR = {
    **COMMON, **IMAGENET, 'crop_size': {'height': 16, 'width': 16}, 'do_center_crop': True, 'do_convert_rgb': True,
    'do_rescale': True, 'image_processor_type': 'BitImageProcessor', 'resample': 3,
    'rescale_factor': 0.00392156862745098, 'size': {'shortest_edge': 18},
}  # fmt: skip
RESNET_PROCESSOR = {
    **COMMON, **IMAGENET, 'crop_pct': 0.875, 'feature_extractor_type': 'ConvNextFeatureExtractor',
    'resample': 3, 'size': 32,
}  # fmt: skip


def vit(**changes):
    sizes = {'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'intermediate_size': 48}
    return transformers.ViTConfig(**{**sizes, 'image_size': 32, 'patch_size': 8, **LABELS, **changes})


def deit():
    sizes = {'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'intermediate_size': 48}
    return transformers.DeiTConfig(**sizes, image_size=16, patch_size=4, **LABELS)


def dinov2(**changes):
    sizes = {'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'mlp_ratio': 2, 'patch_size': 4}
    return transformers.Dinov2Config(**{**sizes, 'image_size': 16, **LABELS, **changes})


def resnet(**changes):
    sizes = {'embedding_size': 8, 'hidden_sizes': [8, 12, 16], 'depths': [1, 2, 1], 'layer_type': 'basic'}
    return transformers.ResNetConfig(**{**sizes, **LABELS, **changes})


# Adapters: LoraConfig arguments. `targets` is a regular expression over module paths; the file holds the full paths.
ALL = {'r': 4, 'lora_alpha': 8, 'targets': '.*'}
ATTENTION = r'.*(q_proj|v_proj)'
LORA = {'lora': ALL}
VIT_ADAPTERS = {
    'lora': ALL,
    'rslora': {'r': 4, 'lora_alpha': 6, 'targets': ATTENTION, 'use_rslora': True},
    'dora': {**ALL, 'use_dora': True, 'targets': r'.*(projection|layers\.1.*)'},
    'patterns': {
        'r': 4,
        'lora_alpha': 8,
        # As a list of name endings and with patterns of both kinds that peft knows: an ending and a regular expression.
        'target_modules': ['q_proj', 'v_proj', 'fc1', 'projection'],
        'rank_pattern': {'fc1': 6, r'vit\.layers\.1\.attention\.q_proj': 2},
        'alpha_pattern': {'v_proj': 3, r'.*\.0\.mlp\.fc1': 12},
    },
    'one-block': {'r': 2, 'lora_alpha': 2, 'target_modules': r'vit\.layers\.1\.attention\.(q|v)_proj'},
}
RESNET_ADAPTERS = {
    'lora': ALL,
    'dora': {**ALL, 'use_dora': True, 'targets': r'.*(embedder|stages\.1\.layers\.0).*'},
    'patterns': {
        **ALL,
        'targets': r'.*stages\.[12].*',
        'rank_pattern': {r'.*shortcut\.convolution': 2, r'.*stages\.2\.layers\.0\.layer\.1\.convolution': 6},
        'alpha_pattern': {r'.*layers\.1\.layer\.0\.convolution': 3},
    },
}

CLASSES = {
    'vit': transformers.ViTForImageClassification,
    'deit': transformers.DeiTForImageClassification,
    'deit-teacher': transformers.DeiTForImageClassificationWithTeacher,
    'dinov2': transformers.Dinov2ForImageClassification,
    'resnet': transformers.ResNetForImageClassification,
}
HEADS = {'deit-teacher': ['cls_classifier', 'distillation_classifier'], 'resnet': ['classifier.1']}

# name: family, config, preprocessor_config.json, adapters, and whether it is committed.
MODELS = {
    'vit': ('vit', vit(), VIT_PROCESSOR, VIT_ADAPTERS, True),
    'deit': ('deit', deit(), DEIT_PROCESSOR, LORA, False),
    'deit-teacher': ('deit-teacher', deit(), DEIT_PROCESSOR, LORA, True),
    'dinov2': ('dinov2', dinov2(), DINO_PROCESSOR, {**LORA, 'dora': {**ALL, 'use_dora': True}}, False),
    # 6 x 6 positions resized to the 4 x 4 of a 16 px input, as every DINOv2 does (518 px positions, 224 px inputs) ...
    'dinov2-resized': ('dinov2', dinov2(image_size=24), DINO_PROCESSOR, LORA, True),
    # ... and 3 x 3 positions enlarged to 4 x 4.
    'dinov2-enlarged': ('dinov2', dinov2(image_size=12), DINO_PROCESSOR, LORA, False),
    'dinov2-swiglu': ('dinov2', dinov2(use_swiglu_ffn=True, qkv_bias=False), DINO_PROCESSOR, LORA, True),
    'resnet-basic': ('resnet', resnet(), RESNET_PROCESSOR, RESNET_ADAPTERS, True),
    'resnet-bottleneck': (
        'resnet',
        resnet(layer_type='bottleneck', hidden_sizes=[16, 32], depths=[2, 1]),
        RESNET_PROCESSOR,
        LORA,
        True,
    ),
    'resnet-downsample': (
        'resnet',
        resnet(
            layer_type='bottleneck',
            downsample_in_bottleneck=True,
            downsample_in_first_stage=True,
            hidden_act='silu',
            hidden_sizes=[32, 48],
            depths=[1, 2],
        ),
        RESNET_PROCESSOR,
        RESNET_ADAPTERS,
        False,
    ),
    'vit-oblong': (
        'vit',
        vit(image_size=[32, 48], hidden_act='gelu_new', qkv_bias=False),
        {**VIT_PROCESSOR, 'size': {'height': 32, 'width': 48}},
        LORA,
        False,
    ),
}


# Height and width of the pictures that preprocessing turns into the model's input, where not 40 x 36.
PICTURES = dict.fromkeys(['deit', 'deit-teacher', 'dinov2'], (21, 25))


def pictures(name, height, width, count=BATCH):
    """Smooth shapes with some noise: resizing white noise would leave grey."""
    gen = generator(name, 'images')
    coarse = uniform(gen, (count, 3, 6, 6), 0, 255)
    smooth = nn.functional.interpolate(coarse, (height, width), mode='bicubic')
    noisy = smooth + normal(gen, smooth.shape, 12)
    return noisy.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def processed(directory, images):
    processor = transformers.AutoImageProcessor.from_pretrained(directory)
    return processor([Image.fromarray(image.numpy()) for image in images], return_tensors='pt')['pixel_values']


def build(name, family, config):
    model = randomize(CLASSES[family](config), name)
    size = config.image_size if hasattr(config, 'image_size') else 32
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    images = normal(generator(name, 'settle'), (8, 3, height, width)).float()
    settle_batch_norms(model, images, name)
    return settle_head(model, HEADS.get(family, ['classifier']), images)


def run(model, pixels, labels):
    """Logits and the mean cross entropy, in the dtype of the model."""
    logits = model(pixel_values=pixels.to(next(model.parameters()).dtype)).logits
    return logits, nn.functional.cross_entropy(logits, labels)


V4_ATTENTION = [
    ('attention.q_proj', 'attention.attention.query'),
    ('attention.k_proj', 'attention.attention.key'),
    ('attention.v_proj', 'attention.attention.value'),
    ('attention.o_proj', 'attention.output.dense'),
]
V4_VIT = [
    ('vit.layers.', 'vit.encoder.layer.'),
    *V4_ATTENTION,
    ('mlp.fc1', 'intermediate.dense'),
    ('mlp.fc2', 'output.dense'),
]


def v4_name(path):
    for new, old in V4_VIT:
        path = path.replace(new, old)
    return path


def make_v4_adapter(directory, adapter='lora'):
    """The adapter as peft saved it under transformers 4. (peft 0.21 on transformers 5 ignores it without a word.)"""
    source, target = (os.path.join(directory, 'adapters', name) for name in (adapter, f'{adapter}-v4'))
    tensors = load_file(os.path.join(source, 'adapter_model.safetensors'))
    save_tensors(
        os.path.join(target, 'adapter_model.safetensors'), {v4_name(k): v for k, v in tensors.items()}, {'format': 'pt'}
    )
    config = json.load(open(os.path.join(source, 'adapter_config.json'), encoding='utf-8'))
    config['target_modules'] = ['dense', 'key', 'projection', 'query', 'value']
    config['peft_version'] = '0.17.0'
    save_json(os.path.join(target, 'adapter_config.json'), config)


def write_model(model, directory, processor, **how):
    model.save_pretrained(directory, **how)
    save_json(os.path.join(directory, 'preprocessor_config.json'), processor)


def write_goldens(model, name, directory, family, base_gradients):
    images = pictures(name, *PICTURES.get(family, (40, 36)))
    pixels = processed(directory, images)
    labels = torch.tensor([3, 1])
    heads = HEADS.get(family, ['classifier'])
    exact, entered = copy.deepcopy(model).double(), []
    exact.get_submodule(heads[0]).register_forward_hook(lambda module, inputs, output: entered.append(inputs[0]))
    logits, loss = run(exact, pixels, labels)
    tensors = {'images': images, 'pixel_values': pixels, 'labels': labels, 'features': entered[0], 'logits': logits}
    save_tensors(os.path.join(directory, 'golden.safetensors'), tensors)
    save_json(
        os.path.join(directory, 'golden.json'),
        {'class': type(model).__name__, 'heads': heads, 'classNames': NAMES, 'loss': loss.item()},
    )
    if base_gradients:
        loss.backward()
        gradients = {path: p.grad for path, p in exact.named_parameters() if p.grad is not None}
        save_tensors(os.path.join(directory, 'gradients.safetensors'), gradients)
    return pixels, labels


def make(out, small=False, only='.', log=print):
    built = {}
    for name, (family, config, processor, adapters, committed) in MODELS.items():
        if (small and not committed) or not re.search(only, name):
            continue
        directory = os.path.join(out, name)
        built[name] = model = build(name, family, config)
        write_model(model, directory, processor)
        pixels, labels = write_goldens(model, name, directory, family, base_gradients=not small)
        for adapter, settings in adapters.items():
            place = os.path.join(directory, 'adapters', adapter)
            heads = [head.removesuffix('.1') for head in HEADS.get(family, ['classifier'])]
            write_adapter(model, f'{name}/{adapter}', settings, heads, lambda m: run(m, pixels, labels), place)
        log(f'{name}: {", ".join(adapters)}')
    if 'vit' in built:
        make_v4_adapter(os.path.join(out, 'vit'))
        make_other_forms(built['vit'], out, small)
    make_preprocessors(os.path.join(out, 'preprocessors'))


def make_other_forms(model, out, small):
    """The same ViT in other files; the goldens of `vit` hold for them (for `vit-bf16` with its own `logits`)."""
    write_model(model, os.path.join(out, 'vit-v5'), VIT_PROCESSOR, save_original_format=False)
    if small:
        return
    write_model(model, os.path.join(out, 'vit-sharded'), VIT_PROCESSOR, max_shard_size='40KB')
    assert len(glob.glob(os.path.join(out, 'vit-sharded', 'model-*.safetensors'))) > 1
    backbone = os.path.join(out, 'vit-backbone')  # keys without `vit.` and without a head, as of a pretrained encoder
    write_model(copy.deepcopy(model.vit), backbone, VIT_PROCESSOR)
    for dtype, name in ((torch.bfloat16, 'vit-bf16'), (torch.float16, 'vit-fp16')):
        directory = os.path.join(out, name)
        rounded = copy.deepcopy(model).to(dtype)
        write_model(rounded, directory, VIT_PROCESSOR)
        write_goldens(rounded.float(), 'vit', directory, 'vit', base_gradients=False)


# Every form of preprocessor_config.json met on the hub, at sizes that make each step visible on a 23 x 31 picture.
PREPROCESSORS = {
    'vit-int': {**COMMON, **HALF, 'feature_extractor_type': 'ViTFeatureExtractor', 'resample': 2, 'size': 12},
    'vit-bare': {**COMMON, **HALF, 'size': 12},
    'vit-height-width': {**VIT_PROCESSOR, 'size': {'height': 12, 'width': 16}},
    'vit-shrinking-far': {**VIT_PROCESSOR, 'size': {'height': 4, 'width': 5}},
    'vit-enlarging': {**VIT_PROCESSOR, 'size': {'height': 30, 'width': 40}},
    'vit-no-resize': {**VIT_PROCESSOR, 'do_resize': False},
    'vit-no-normalize': {**VIT_PROCESSOR, 'do_normalize': False, 'size': {'height': 12, 'width': 12}},
    'vit-nearest': {**VIT_PROCESSOR, 'resample': 0, 'size': {'height': 12, 'width': 12}},
    'vit-lanczos': {**VIT_PROCESSOR, 'resample': 1, 'size': {'height': 12, 'width': 12}},
    'vit-rescale-127': {**VIT_PROCESSOR, 'rescale_factor': 1 / 127.5, 'size': {'height': 12, 'width': 12}},
    'deit-int': {**DEIT_PROCESSOR, 'size': 15, 'crop_size': 12},
    'deit-crop-larger': {**DEIT_PROCESSOR, 'size': 10, 'crop_size': 13},
    'dinov2-shortest-edge': {**DINO_PROCESSOR, 'size': {'shortest_edge': 15}, 'crop_size': {'height': 12, 'width': 12}},
    'dinov2-odd-crop': {**DINO_PROCESSOR, 'size': {'shortest_edge': 15}, 'crop_size': {'height': 10, 'width': 13}},
    'convnext-int': {**RESNET_PROCESSOR, 'size': 12},
    'convnext-shortest-edge': {
        **COMMON, **IMAGENET, 'crop_pct': 0.95, 'do_rescale': True, 'image_processor_type': 'ConvNextImageProcessor',
        'resample': 2, 'rescale_factor': 0.00392156862745098, 'size': {'shortest_edge': 14},
    },
}  # fmt: skip
MODEL_TYPES = {'vit': 'vit', 'deit': 'deit', 'dinov2': 'dinov2', 'convnext': 'resnet'}


def make_preprocessors(out):
    """One file of goldens: `image`, and each variant's pixel values as both backends of transformers give them:
    `<variant>.torchvision` (the default of version 5) and `<variant>.pil` (that of version 4)."""
    image = pictures('preprocessors', 23, 31, count=1)[0]
    tensors, notes = {'image': image}, {}
    scratch = os.path.join(out, 'scratch')
    for name, content in PREPROCESSORS.items():
        save_json(os.path.join(scratch, 'preprocessor_config.json'), content)
        save_json(os.path.join(scratch, 'config.json'), {'model_type': MODEL_TYPES[name.split('-')[0]]})
        results = {}
        for backend in ('torchvision', 'pil'):
            try:
                processor = transformers.AutoImageProcessor.from_pretrained(scratch, backend=backend)
                result = processor(Image.fromarray(image.numpy()), return_tensors='pt')['pixel_values'][0]
                results[backend] = result
            except Exception as error:  # Lanczos: torchvision has none for tensors
                notes.setdefault(name, {})[f'{backend}Refuses'] = str(error).splitlines()[0][:120]
        tensors |= {f'{name}.{backend}': result for backend, result in results.items()}
        if len(results) == 2:
            step = content.get('rescale_factor', 1 / 255)
            std = np.array(content['image_std'])[:, None, None] if content['do_normalize'] else 1
            apart = ((results['pil'] - results['torchvision']).numpy() * std / step).__abs__().max()
            notes.setdefault(name, {})['backendsApartInLevels'] = round(float(apart), 3)
        entry = {'modelType': MODEL_TYPES[name.split('-')[0]], **notes.pop(name, {}), 'preprocessor_config': content}
        notes[name] = entry
    for file in os.listdir(scratch):
        os.remove(os.path.join(scratch, file))
    os.rmdir(scratch)
    save_tensors(os.path.join(out, 'golden.safetensors'), tensors)
    save_json(os.path.join(out, 'variants.json'), notes)


# Real sizes with random weights, for the benches.
TINY = {'hidden_size': 192, 'num_hidden_layers': 12, 'num_attention_heads': 3, 'intermediate_size': 768}
RESNET_18 = {'embedding_size': 64, 'hidden_sizes': [64, 128, 256, 512], 'depths': [2, 2, 2, 2], 'layer_type': 'basic'}
VIT_224 = {**VIT_PROCESSOR, 'size': {'height': 224, 'width': 224}}
REAL = {
    'vit-tiny': ('vit', transformers.ViTConfig(num_labels=10, **TINY), VIT_224),
    'vit-base': ('vit', transformers.ViTConfig(num_labels=10), VIT_224),
    'resnet-18': ('resnet', transformers.ResNetConfig(num_labels=10, **RESNET_18), {**RESNET_PROCESSOR, 'size': 224}),
}


def make_real(out, log=print):
    for name, (family, config, processor) in REAL.items():
        torch.manual_seed(0)
        write_model(CLASSES[family](config).eval(), os.path.join(out, name), processor)
        log(name)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True)
    parser.add_argument('--small', action='store_true', help='only what the repository holds')
    parser.add_argument('--only', default='.', help='regular expression over the models')
    parser.add_argument('--real', action='store_true', help='real sizes instead, for the benches')
    arguments = parser.parse_args()
    if arguments.real:
        make_real(arguments.out)
    else:
        make(arguments.out, arguments.small, arguments.only)
