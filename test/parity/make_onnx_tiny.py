"""Writes test/fixtures/onnx: the forms that exporters give to the hard parts of a classifier, as small as they get.

    convnext-dynamo          adaptive pooling as `as_strided`: Range over the batch and one Gather
    swin-dynamo              shifted windows: masks drawn with ScatterND, Where
    swin-dynamo-fixed        the same for one image
    vit-script-11-fixed      LayerNorm and GELU taken apart, attention by Split and Squeeze, for one image
    hf-vit-dynamo            an attention mask expanded by the batch, IsNaN
    mobilenet-dynamo-plain   not optimized: BatchNorm kept, Constant, CastLike, Expand; Hardswish
    convnext-external        the first with its weights in a data file beside it

Logits are ONNX Runtime's running these files in the tests. What the dynamo exporter notes beside layers is left out.
"""

import copy
import pathlib
import tempfile

from make_golden import generator, normal, randomize, settle_batch_norms
from make_onnx import Logits, export, without_fused_attention

import onnx
import timm
import torch
import torchvision
import transformers
from torchvision.models.convnext import CNBlockConfig

OUT = pathlib.Path(__file__).parent.parent / 'fixtures' / 'onnx'
CLASSES = 4
KEPT = ('pkg.torch.onnx.name_scopes', 'pkg.onnxscript.rewriter.rule_name')


def convnext():
    blocks = [CNBlockConfig(8, 12, 1), CNBlockConfig(12, None, 1)]
    return torchvision.models.ConvNeXt(blocks, num_classes=CLASSES)


def swin():
    return torchvision.models.SwinTransformer(
        patch_size=[2, 2], embed_dim=8, depths=[2], num_heads=[2], window_size=[4, 4], num_classes=CLASSES
    )


def vit():
    return timm.create_model(
        'vit_tiny_patch16_224',
        num_classes=CLASSES,
        img_size=16,
        patch_size=8,
        embed_dim=12,
        depth=1,
        num_heads=2,
        mlp_ratio=2,
    )


def hf_vit():
    config = transformers.ViTConfig(
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        image_size=16,
        patch_size=8,
        num_labels=CLASSES,
    )
    return Logits(transformers.ViTForImageClassification(config))


class MobileNet(torch.nn.Module):
    """One inverted residual with squeeze-excite, from torchvision's own parts."""

    def __init__(self):
        super().__init__()
        unit = torchvision.ops.Conv2dNormActivation
        self.stem = unit(3, 8, 3, 2, activation_layer=torch.nn.Hardswish)
        self.block = torch.nn.Sequential(
            unit(8, 16, 1),
            unit(16, 16, 3, groups=16),
            torchvision.ops.SqueezeExcitation(16, 4, scale_activation=torch.nn.Hardsigmoid),
            unit(16, 8, 1, activation_layer=None),
        )
        self.head = torch.nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.stem(x)
        return self.head((x + self.block(x)).mean((2, 3)))


MODELS = {
    'convnext-dynamo': (convnext, 16, 'dynamo', None, {}),
    'convnext-external': (convnext, 16, 'dynamo', None, {'external': True}),
    'swin-dynamo': (swin, 16, 'dynamo', None, {}),
    'swin-dynamo-fixed': (swin, 16, 'dynamo', None, {'batch': 1}),
    'vit-script-11-fixed': (vit, 16, 'script', 11, {'batch': 1}),
    'hf-vit-dynamo': (hf_vit, 16, 'dynamo', None, {}),
    'mobilenet-dynamo-plain': (MobileNet, 16, 'dynamo', None, {'keep_batch_norm': True}),
}


def stripped(path):
    proto = onnx.load(path, load_external_data=False)
    for described in [proto, proto.graph, *proto.graph.input, *proto.graph.output, *proto.graph.node]:
        layer = getattr(described, 'op_type', '') in ('Conv', 'Gemm', 'MatMul')
        kept = [entry for entry in described.metadata_props if layer and entry.key in KEPT]
        del described.metadata_props[:]
        described.metadata_props.extend(kept)
    for node in proto.graph.node:
        node.doc_string = ''
    del proto.graph.value_info[:]
    return proto


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, (maker, size, exporter, opset, options) in MODELS.items():
        images = normal(generator(name, 'images'), (8, 3, size, size)).float()
        # convnext-external holds the weights of convnext-dynamo.
        model = settle_batch_norms(randomize(maker(), maker.__name__), images, maker.__name__)
        if opset is not None and opset < 14:
            without_fused_attention(model)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / f'{name}.onnx'
            export(copy.deepcopy(model), images[:3], str(path), exporter, opset, **options)
            onnx.save(stripped(path), OUT / path.name)
            data = path.with_name(f'{name}.onnx.data')
            if data.exists():
                (OUT / data.name).write_bytes(data.read_bytes())


if __name__ == '__main__':
    main()
