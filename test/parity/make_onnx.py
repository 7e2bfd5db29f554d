"""ONNX classifiers from both exporters of PyTorch, with inputs and ONNX Runtime's logits.

    OUT/<architecture>-<export>.onnx      the export
    OUT/<architecture>-<export>.safetensors   `input`, `logits` (ONNX Runtime, graph optimizations off)
    OUT/index.json                        one record per export: exporter, opset, batch, BatchNorm, how paths are found
    OUT/<architecture>.layers.json        its layers by module path, its head
    OUT/ops.txt                           op types of every export, and how their names tell module paths

Architectures are the real ones (torchvision, timm, transformers); where sizes are arguments, they are small.
"""

import argparse
import ast
import collections
import copy
import logging
import os
import re
import time

from make_golden import generator, layers, normal, randomize, save_json, save_tensors, settle_batch_norms, settle_head

import numpy as np
import onnx
import onnxruntime
import timm
import torch
import torchvision
import transformers
from torch import nn
from torchvision.models.convnext import CNBlockConfig

CLASSES = 7
BATCH = 3


class Logits(nn.Module):
    """A transformers model that returns its logits alone, as `optimum` exports it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values).logits


def hf_vit():
    config = transformers.ViTConfig(
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        image_size=64,
        num_labels=CLASSES,
    )
    return Logits(transformers.ViTForImageClassification(config))


def hf_resnet():
    config = transformers.ResNetConfig(
        embedding_size=16, hidden_sizes=[32, 48, 64], depths=[1, 2, 1], num_labels=CLASSES, hidden_act='relu'
    )
    return Logits(transformers.ResNetForImageClassification(config))


def tv_convnext():
    blocks = [CNBlockConfig(16, 32, 1), CNBlockConfig(32, 48, 2), CNBlockConfig(48, None, 1)]
    return torchvision.models.ConvNeXt(blocks, num_classes=CLASSES)


tv = torchvision.models
# name: (image size, head's module path, maker)
ARCHITECTURES = {
    'tv-resnet18': (64, 'fc', lambda: tv.resnet18(num_classes=CLASSES)),
    'tv-mobilenet-v2': (64, 'classifier.1', lambda: tv.mobilenet_v2(num_classes=CLASSES)),
    'tv-mobilenet-v3-small': (96, 'classifier.3', lambda: tv.mobilenet_v3_small(num_classes=CLASSES)),
    'tv-mobilenet-v3-small-untrained': (64, 'classifier.3', lambda: tv.mobilenet_v3_small(num_classes=CLASSES)),
    'tv-efficientnet-b0': (64, 'classifier.1', lambda: tv.efficientnet_b0(num_classes=CLASSES)),
    'timm-efficientnet-lite0': (64, 'classifier', lambda: timm.create_model('efficientnet_lite0', num_classes=CLASSES)),
    'timm-mobilenetv3-small': (
        64,
        'classifier',
        lambda: timm.create_model('mobilenetv3_small_050', num_classes=CLASSES),
    ),
    'timm-convnext': (
        64,
        'head.fc',
        lambda: timm.create_model('convnext_tiny', num_classes=CLASSES, depths=(1, 1, 2, 1), dims=(16, 32, 48, 64)),
    ),
    'tv-convnext': (64, 'classifier.2', tv_convnext),
    'timm-vit': (
        64,
        'head',
        lambda: timm.create_model(
            'vit_tiny_patch16_224', num_classes=CLASSES, img_size=64, embed_dim=48, depth=2, num_heads=3
        ),
    ),
    'tv-vit': (
        64,
        'heads.head',
        lambda: tv.VisionTransformer(
            image_size=64, patch_size=16, num_layers=2, num_heads=3, hidden_dim=48, mlp_dim=96, num_classes=CLASSES
        ),
    ),
    'hf-vit': (64, 'model.classifier', hf_vit),
    'hf-resnet': (64, 'model.classifier.1', hf_resnet),
    'timm-swin': (
        64,
        'head.fc',
        lambda: timm.create_model(
            'swin_tiny_patch4_window7_224',
            num_classes=CLASSES,
            img_size=64,
            window_size=4,
            embed_dim=24,
            depths=(2, 2),
            num_heads=(2, 4),
        ),
    ),
    'tv-swin': (
        64,
        'head',
        lambda: tv.SwinTransformer(
            patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4], num_classes=CLASSES
        ),
    ),
}

# Left at torchvision's own initialisation, whose equal tensors (biases 0, norms 1) exporters treat specially.
UNTRAINED = {'tv-mobilenet-v3-small-untrained'}

# name: (exporter, opset (None: its default), options)
EXPORTS = {
    'script-11': ('script', 11, {}),
    'script-13': ('script', 13, {}),
    'script-17': ('script', 17, {}),
    'script-17-fixed': ('script', 17, {'batch': 1}),
    'script-13-keepbn': ('script', 13, {'keep_batch_norm': True}),
    'script-17-external': ('script', 17, {'external': True}),
    'dynamo': ('dynamo', None, {}),
    'dynamo-18': ('dynamo', 18, {}),
    'dynamo-22': ('dynamo', 22, {}),
    'dynamo-fixed': ('dynamo', None, {'batch': 1}),
    'dynamo-keepbn': ('dynamo', None, {'keep_batch_norm': True}),
    'dynamo-external': ('dynamo', None, {'external': True}),
}
CORE = ('script-11', 'script-13', 'script-17', 'dynamo', 'dynamo-18', 'dynamo-22')
EVERY = tuple(EXPORTS)
# Exports beyond the core set are made where they differ: BatchNorm for a CNN, fixed batches for what reshapes by it.
CHOSEN = collections.defaultdict(lambda: CORE) | {
    'tv-resnet18': EVERY,
    'tv-mobilenet-v3-small': (*CORE, 'script-13-keepbn', 'dynamo-keepbn'),
    'timm-efficientnet-lite0': (*CORE, 'script-13-keepbn'),
    'timm-vit': (*CORE, 'script-17-fixed', 'dynamo-fixed', 'script-17-external', 'dynamo-external'),
    'timm-swin': (*CORE, 'script-17-fixed', 'dynamo-fixed'),
    'hf-vit': ('script-13', 'script-17', 'dynamo'),
    'hf-resnet': ('script-13', 'script-17', 'dynamo', 'script-13-keepbn'),
    'tv-vit': ('script-17', 'dynamo', 'dynamo-22'),
    'tv-swin': ('script-13', 'script-17', 'dynamo', 'script-17-fixed'),
    'tv-convnext': ('script-13', 'script-17', 'dynamo'),
    'timm-mobilenetv3-small': ('script-13', 'script-17', 'dynamo'),
    'tv-mobilenet-v3-small-untrained': ('script-13', 'dynamo'),
}


def export(model, images, path, exporter, opset, batch=None, keep_batch_norm=False, external=False):
    images = images[:batch] if batch else images
    common = {'input_names': ['input'], 'output_names': ['logits'], 'opset_version': opset}
    if exporter == 'script':
        axes = None if batch else {'input': {0: 'batch'}, 'logits': {0: 'batch'}}
        folding = {}
        if keep_batch_norm:
            folding = {'training': torch.onnx.TrainingMode.PRESERVE, 'do_constant_folding': False}
        torch.onnx.export(model, (images,), path, dynamo=False, dynamic_axes=axes, **folding, **common)
        if external:
            # This exporter writes external data above 2 GB only: what people do with smaller models.
            loaded = onnx.load(path)
            onnx.save(
                loaded, path, save_as_external_data=True, location=os.path.basename(path) + '_data', size_threshold=64
            )
    else:
        shapes = None if batch else ({0: torch.export.Dim('batch')},)
        torch.onnx.export(
            model,
            (images,),
            path,
            dynamo=True,
            dynamic_shapes=shapes,
            external_data=external,
            optimize=not keep_batch_norm,
            verbose=False,
            **common,
        )


def run(path, images):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    return session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]


def without_fused_attention(model):
    """Opsets below 14 have no form of scaled_dot_product_attention: the same attention as matmul, softmax, matmul."""
    for module in model.modules():
        if hasattr(module, 'fused_attn'):
            module.fused_attn = False
        if isinstance(module, transformers.PreTrainedModel):
            module.set_attn_implementation('eager')
    return model


def op_counts(proto):
    counts = collections.Counter()

    def visit(graph):
        for node in graph.node:
            counts[f'{node.domain}:{node.op_type}' if node.domain else node.op_type] += 1
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    visit(attribute.g)

    visit(proto.graph)
    for function in proto.functions:
        for node in function.node:
            counts[f'function {node.op_type}'] += 1
    return dict(sorted(counts.items()))


NAMES = """
# How names tell the module of a Conv, Gemm or MatMul (counted below per export as weight/bias/metadata/scope)
weight    The weight is an initializer `<module path>.weight`. Both exporters, for Gemm (transB=1) and for a Conv whose
          weight was not changed. The dynamo exporter keeps the name even where it FUSED a BatchNorm into it:
          such a Conv has a bias named `<module path>.weight_bias` and `pkg.onnxscript.rewriter.rule_name` metadata that
          holds `FuseBatchNormIntoConv`.
bias      A Linear on 3-D input is MatMul + Add. Its weight was transposed and renamed (script: `onnx::MatMul_233`,
          dynamo: `val_13`), but the Add keeps `<module path>.bias`. Found for functional linears too
          (torchvision's Swin calls F.linear in its attention module, so that scopes name the attention only).
metadata  dynamo only: node metadata `pkg.torch.onnx.name_scopes`, a Python list as text; its last but one entry is
          the module path. Where a BatchNorm was fused it names the BatchNorm, so prefer the weight's name.
scope     script only: the node's name is `/scope/.../OpType[_n]`; a segment that continues the one before it
          (`features`, `features.1`) replaces it. Joined by dots: `/features/features.1/block/block.0/block.0.0/Conv` is
          `features.1.block.0.0`. A Conv with a fused BatchNorm is named so; its weight and bias are
          `onnx::Conv_421`, `onnx::Conv_422`.
else      torchvision's ViT: the packed `self_attention.in_proj_weight` is used by a MatMul that belongs to no Linear.
          Both exporters add the wrapper's own attribute in front (`model.vit...` when exported through a wrapper).
Identity  The script exporter stores equal tensors once and gives the others by `Identity` of an initializer (seen on an
          untrained MobileNetV3, whose biases are all 0). Resolve it before anything else.
Constant  Constants are nodes in script exports and initializers (`val_13`) in dynamo exports.
""".strip()


def path_of_scope(name):
    """`/features/features.1/block/block.0/Conv` -> `features.1.block.0`: a container's child repeats its name."""
    path = []
    for segment in name.strip('/').split('/')[:-1]:
        if path and segment.startswith(path[-1] + '.'):
            path[-1] = segment
        else:
            path.append(segment)
    return '.'.join(path)


def module_path(node, initializers, readers):
    """The module a Conv, Gemm or MatMul computes, and what tells so: see NAMES."""
    weight = next((i for i in node.input[1:2] if i in initializers), None)
    if weight is None:
        return None, None
    if weight.endswith('.weight'):
        return weight[: -len('.weight')], 'weight'
    added = [i for reader in readers[node.output[0]] if reader.op_type == 'Add' for i in reader.input]
    bias = next((i for i in [*node.input[2:], *added] if i in initializers and i.endswith('.bias')), None)
    if bias is not None:
        return bias[: -len('.bias')], 'bias'
    scopes = {p.key: p.value for p in node.metadata_props}.get('pkg.torch.onnx.name_scopes')
    if scopes is not None:
        return ast.literal_eval(scopes)[-2], 'metadata'
    return path_of_scope(node.name), 'scope'


def batch_norm(proto, model):
    if any(n.op_type == 'BatchNormalization' for n in proto.graph.node):
        return 'kept'
    return 'fused' if any(isinstance(m, nn.BatchNorm2d) for m in model.modules()) else 'none'


def recovered(proto, model):
    """How many layers each way names, and the nodes whose path is no layer of the model."""
    initializers = {i.name for i in proto.graph.initializer}
    readers = collections.defaultdict(list)
    for node in proto.graph.node:
        for name in node.input:
            readers[name].append(node)
    expected = set(layers(model))
    ways, strangers = collections.Counter(), []
    found = set()
    for node in proto.graph.node:
        if node.op_type in ('Conv', 'Gemm', 'MatMul'):
            path, way = module_path(node, initializers, readers)
            if way is None:
                continue
            if path in expected and path not in found:
                found.add(path)
                ways[way] += 1
            else:
                strangers.append(f'{node.op_type} {node.name} -> {path}')
    return {'layers': len(expected), **ways, 'missing': sorted(expected - found), 'strangers': strangers}


def make(out, only='.', log=print):
    logging.disable(logging.WARNING)
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)  # for the untrained ones
    index, failures = [], []
    for architecture, (size, head, maker) in ARCHITECTURES.items():
        if not re.search(only, architecture):
            continue
        images = normal(generator(architecture, 'images'), (16, 3, size, size)).float()
        if architecture in UNTRAINED:
            model = settle_batch_norms(maker(), images, None)
        else:
            model = settle_batch_norms(randomize(maker(), architecture), images, architecture)
        settle_head(model, head, images)
        images = images[:BATCH]
        with torch.no_grad():
            exact = copy.deepcopy(model).double()(images.double()).numpy()
        for name in CHOSEN[architecture]:
            exporter, opset, options = EXPORTS[name]
            file, started = f'{architecture}-{name}.onnx', time.time()
            path = os.path.join(out, file)
            try:
                copied = copy.deepcopy(model)
                if exporter == 'script' and opset < 14:
                    without_fused_attention(copied)
                export(copied, images, path, exporter, opset, **options)
                given = images[: options.get('batch')]
                logits = run(path, given)
            except Exception as error:  # an exporter's own limits are a finding, not a failure of this script
                failures.append((file, f'{type(error).__name__}: {str(error).splitlines()[0][:160]}'))
                log(f'{file}: FAILED {failures[-1][1]}')
                continue
            save_tensors(path[:-5] + '.safetensors', {'input': given, 'logits': torch.from_numpy(logits)})
            proto = onnx.load(path)
            index.append(
                {
                    'name': f'{architecture}-{name}',
                    'file': file,
                    'architecture': architecture,
                    'exporter': exporter,
                    'opset': next(o.version for o in proto.opset_import if o.domain == ''),
                    'irVersion': proto.ir_version,
                    'batch': options.get('batch', 'dynamic'),
                    'batchNorm': batch_norm(proto, model),
                    'externalData': options.get('external', False),
                    'imageSize': size,
                    'classes': CLASSES,
                    'head': head,
                    'paths': recovered(proto, model),
                    'differenceFromTorch': float(np.abs(logits - exact[: len(logits)]).max()),
                    'largestLogit': float(np.abs(exact).max()),
                    'ops': op_counts(proto),
                }
            )
            log(f'{file}: {time.time() - started:.1f} s, {index[-1]["differenceFromTorch"]:.1e}')
        save_json(os.path.join(out, f'{architecture}.layers.json'), {'head': head, 'layers': layers(model)})
    save_json(os.path.join(out, 'index.json'), index)
    with open(os.path.join(out, 'ops.txt'), 'w', encoding='utf-8') as file:
        file.write(table(index, failures))


def make_real(out, log=print):
    """MobileNetV3-small at 224 px, for the benches; bench_peft.py builds the same from torchvision."""
    torch.manual_seed(0)
    directory = os.path.join(out, 'mobilenet-v3-small')
    os.makedirs(directory, exist_ok=True)
    model = settle_batch_norms(tv.mobilenet_v3_small(num_classes=10), torch.randn(8, 3, 224, 224), None)
    export(model, torch.randn(2, 3, 224, 224), os.path.join(directory, 'model.onnx'), 'script', 17)
    log('mobilenet-v3-small')


def table(index, failures):
    lines = [NAMES, '', '# Op types over the whole set: op, exports that hold it, architectures']
    holders = collections.defaultdict(list)
    for record in index:
        for op in record['ops']:
            holders[op].append(record)
    for op, records in sorted(holders.items(), key=lambda item: -len(item[1])):
        names = sorted({f'{r["architecture"]}({r["exporter"]})' for r in records})
        lines.append(f'{op:26} {len(records):3}  {" ".join(names)}')
    lines += [
        '',
        '# Per export: opset, IR version, layers whose module path comes from weight/bias/metadata/scope, ops',
    ]
    for r in index:
        ops = ' '.join(f'{op}:{count}' for op, count in r['ops'].items())
        paths = r['paths']
        named = (
            '/'.join(str(paths.get(way, 0)) for way in ('weight', 'bias', 'metadata', 'scope'))
            + f' of {paths["layers"]}'
        )
        lines.append(f'{r["name"]:42} opset {r["opset"]} ir {r["irVersion"]} paths {named}  {ops}')
        lines += [f'    missing {path}' for path in paths['missing']]
        lines += [f'    no layer: {stranger}' for stranger in paths['strangers']]
    lines += ['', '# Exports that failed'] + [f'{file}: {why}' for file, why in failures]
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True)
    parser.add_argument('--only', default='.', help='regular expression over the architectures')
    arguments = parser.parse_args()
    make(arguments.out, arguments.only)
