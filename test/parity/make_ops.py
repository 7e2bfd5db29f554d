"""Single ops in the corners of their attributes: outputs and gradients from torch, in one JSON file, in ONNX's words.

    OUT/ops.json: [{ name, op, opset, attributes, inputs, outputs, gradients }, ...], a case a line

`inputs` and `outputs` are { shape, data } (with dtype int64 or bool where not float32) or null for an absent one.
`gradients` holds, for each input, d Σ(outputs ∘ weights) / d input, null where there is none; `weights` are the
gradients that arrive at the outputs. Inputs keep away from kinks. Everything is computed in float64.

Each case that ONNX has an op for is run by ONNX Runtime and must agree: torch is the reference, this checks wording.
(Left out for that reason: Resize with antialias, where the two differ by a tenth.)
"""

import argparse
import json
import os

from make_golden import generator, normal, uniform

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper
from torch.nn import functional as F

OPSET = 20
CASES = []


def case(name, op, inputs, compute, opset=OPSET, runtime=True, **attributes):
    """Inputs: a shape (normally distributed), a tensor (ints and bools get no gradient), or None."""
    gen = generator('ops', name)
    drawn = [rounded(normal(gen, i)) if isinstance(i, tuple) else i for i in inputs]
    CASES.append((name, op, opset, runtime, attributes, drawn, compute))


def rounded(tensor):
    """Two decimals: exact in the file, short to read."""
    return (tensor.double() * 100).round() / 100


def away(name, shape, *kinks, low=-4, high=4, margin=0.1):
    """Numbers that keep a margin from each kink."""
    values = rounded(uniform(generator('ops', name), shape, low, high))
    for kink in kinks:
        near = (values - kink).abs() < margin
        values = torch.where(near, kink + margin * torch.where(values < kink, -1.0, 1.0), values)
    return rounded(values)


def distinct(name, shape):
    """A shuffle of evenly spaced numbers: no two are equal, so that a maximum is one element."""
    count = int(np.prod(shape))
    return rounded((torch.randperm(count, generator=generator('ops', name)).double() - count / 2).reshape(shape) / 10)


def ints(*values):
    return torch.tensor(values, dtype=torch.int64)


def convolutions():
    def conv(stride=1, pads=(0, 0, 0, 0), dilation=1, groups=1):
        top, left, bottom, right = pads
        return lambda x, w, b=None: F.conv2d(F.pad(x, (left, right, top, bottom)), w, b, stride, 0, dilation, groups)

    def add(name, x, w, bias=False, stride=(1, 1), pads=(0, 0, 0, 0), dilation=(1, 1), groups=1):
        shapes = [x, w, (w[0],)] if bias else [x, w]
        attributes = {'strides': stride, 'pads': pads, 'dilations': dilation, 'group': groups, 'kernel_shape': w[2:]}
        case(f'conv {name}', 'Conv', shapes, conv(stride, pads, dilation, groups), **attributes)

    add('3x3 same, bias, batch 2', (2, 2, 4, 3), (3, 2, 3, 3), bias=True, pads=(1, 1, 1, 1))
    add('stride 2, rows left over', (1, 2, 6, 7), (2, 2, 3, 3), stride=(2, 2))
    add('stride 2 pad 1 on an even side', (1, 2, 6, 4), (2, 2, 3, 3), stride=(2, 2), pads=(1, 1, 1, 1))
    add('1x1 stride 2 skips pixels', (2, 2, 5, 4), (3, 2, 1, 1), stride=(2, 2))
    add('stride beyond the kernel', (1, 2, 8, 7), (2, 2, 2, 2), stride=(3, 4))
    add('unequal strides, kernel 3x2', (1, 2, 6, 5), (2, 2, 3, 2), stride=(2, 1))
    add('asymmetric pads', (1, 2, 4, 4), (2, 2, 3, 3), pads=(0, 1, 2, 1))
    add('asymmetric pads, stride 2', (1, 2, 5, 5), (2, 2, 3, 3), stride=(2, 2), pads=(0, 0, 1, 1))
    add('pads wider than the kernel needs', (1, 1, 3, 3), (2, 1, 3, 3), pads=(3, 3, 3, 3))
    add('dilation 2', (1, 2, 6, 6), (2, 2, 3, 3), dilation=(2, 2), pads=(2, 2, 2, 2))
    add('dilation 3x1, stride 2', (1, 1, 8, 5), (2, 1, 2, 3), dilation=(3, 1), stride=(2, 2))
    add('2 groups, bias', (2, 4, 4, 3), (6, 2, 3, 3), bias=True, pads=(1, 1, 1, 1), groups=2)
    add('depthwise, stride 2', (1, 4, 5, 5), (4, 1, 3, 3), stride=(2, 2), pads=(1, 1, 1, 1), groups=4)
    add('depthwise with multiplier 2', (1, 3, 4, 4), (6, 1, 3, 3), pads=(1, 1, 1, 1), groups=3)
    add('patches: kernel = stride', (2, 3, 4, 4), (4, 3, 2, 2), bias=True, stride=(2, 2))


def pools():
    x = distinct('pool', (1, 2, 5, 6))

    def pads(top, left, bottom, right, value):
        return lambda t: F.pad(t, (left, right, top, bottom), value=value)

    def most(name, tensor, kernel, stride, pad=(0, 0, 0, 0), dilation=1, ceil=False, **options):
        def compute(t):
            return F.max_pool2d(pads(*pad, -1e9)(t), kernel, stride, 0, dilation, ceil)

        attributes = {'kernel_shape': kernel, 'strides': stride, 'pads': pad, 'dilations': (dilation, dilation)}
        case(f'max pool {name}', 'MaxPool', [tensor], compute, ceil_mode=int(ceil), **attributes, **options)

    most('3x3 stride 2 pad 1', x, (3, 3), (2, 2), (1, 1, 1, 1))
    most('overlapping 3x2 stride 1', x, (3, 2), (1, 1))
    most('ceil mode', x, (2, 2), (2, 2), ceil=True)
    most('dilation 2', x, (2, 2), (1, 1), dilation=2)
    most('asymmetric pads', x, (2, 2), (2, 2), (0, 1, 1, 0))

    def average(name, shape, kernel, stride, pad=0, ceil=False, include=False):
        def compute(t):
            return F.avg_pool2d(t, kernel, stride, pad, ceil, include)

        attributes = {'kernel_shape': kernel, 'strides': stride, 'pads': (pad,) * 4, 'ceil_mode': int(ceil)}
        case(f'average pool {name}', 'AveragePool', [shape], compute, count_include_pad=int(include), **attributes)

    average('2x2', (2, 1, 4, 4), (2, 2), (2, 2))
    average('3x3 stride 1 pad 1, pad not counted', (1, 2, 4, 3), (3, 3), (1, 1), 1)
    average('3x3 stride 1 pad 1, pad counted', (1, 2, 4, 3), (3, 3), (1, 1), 1, include=True)
    average('3x2 stride 2 with a row left over', (1, 1, 6, 5), (3, 2), (2, 2))
    average('ceil mode', (1, 1, 5, 6), (2, 2), (2, 2), ceil=True)
    average('ceil mode, pad counted', (1, 1, 5, 6), (3, 3), (2, 2), 1, ceil=True, include=True)
    average('ceil mode, pad not counted', (1, 1, 6, 5), (3, 3), (2, 2), 1, ceil=True)
    case('global average pool', 'GlobalAveragePool', [(2, 3, 3, 2)], lambda t: t.mean((2, 3), keepdim=True))
    case('global max pool', 'GlobalMaxPool', [distinct('gmp', (2, 2, 2, 3))], lambda t: t.amax((2, 3), keepdim=True))


def norms():
    def positive(name, *shape):
        return rounded(uniform(generator('ops', name), shape, 0.3, 2))

    case(
        'batch norm, frozen statistics',
        'BatchNormalization',
        [(2, 3, 2, 2), (3,), (3,), (3,), positive('bn', 3)],
        lambda x, g, b, m, v: F.batch_norm(x, m.detach(), v.detach(), g, b, False, 0, 1e-3),
        epsilon=1e-3,
    )
    case(
        'batch norm of a matrix',
        'BatchNormalization',
        [(3, 4), (4,), (4,), (4,), positive('bn2', 4)],
        lambda x, g, b, m, v: F.batch_norm(x, m.detach(), v.detach(), g, b, False, 0, 1e-5),
        epsilon=1e-5,
    )
    layer = {'axis': -1, 'epsilon': 1e-5}
    case(
        'layer norm',
        'LayerNormalization',
        [(2, 3, 4), (4,), (4,)],
        lambda x, g, b: F.layer_norm(x, (4,), g, b, 1e-5),
        **layer,
    )
    case(
        'layer norm without bias',
        'LayerNormalization',
        [(3, 5), (5,)],
        lambda x, g: F.layer_norm(x, (5,), g, None, 1e-5),
        **layer,
    )
    case(
        'layer norm over two axes, large epsilon',
        'LayerNormalization',
        [(2, 3, 4), (3, 4), (3, 4)],
        lambda x, g, b: F.layer_norm(x, (3, 4), g, b, 0.1),
        axis=1,
        epsilon=0.1,
    )
    case(
        'layer norm of nearly constant rows',
        'LayerNormalization',
        [rounded(normal(generator('flat'), (2, 4), 0.02, 5)), (4,), (4,)],
        lambda x, g, b: F.layer_norm(x, (4,), g, b, 1e-2),
        axis=-1,
        epsilon=1e-2,  # E[x²] − E[x]² in float32 would lose these digits
    )
    for groups, channels in ((2, 4), (1, 3), (3, 3)):
        case(
            f'group norm, {groups} groups of {channels} channels',
            'GroupNormalization',
            [(2, channels, 2, 3), (channels,), (channels,)],
            lambda x, g, b, n=groups: F.group_norm(x, n, g, b, 1e-5),
            opset=21,
            num_groups=groups,
            epsilon=1e-5,
        )
    case(
        'instance norm',
        'InstanceNormalization',
        [(2, 2, 2, 3), (2,), (2,)],
        lambda x, g, b: F.instance_norm(x, weight=g, bias=b, eps=1e-4),
        epsilon=1e-4,
    )
    case(
        'rms norm',
        'RMSNormalization',
        [(2, 3, 4), (4,)],
        lambda x, g: F.rms_norm(x, (4,), g, 1e-4),
        opset=23,
        axis=-1,
        epsilon=1e-4,
    )
    case('softmax of the last axis', 'Softmax', [(2, 3, 4)], lambda x: x.softmax(-1), axis=-1)
    case('softmax of a middle axis', 'Softmax', [(2, 3, 2)], lambda x: x.softmax(1), axis=1)
    case(
        'softmax of large numbers',
        'Softmax',
        [rounded(normal(generator('big'), (2, 4), 1.5, 90))],
        lambda x: x.softmax(-1),
        axis=-1,
    )
    case('log softmax', 'LogSoftmax', [(3, 4)], lambda x: x.log_softmax(-1), axis=-1)
    case('log softmax of the first axis', 'LogSoftmax', [(3, 2)], lambda x: x.log_softmax(0), axis=0)


def activations():
    shape = (2, 7)
    for name, op, x, compute, attributes in (
        ('gelu, exact', 'Gelu', away('gelu', shape), F.gelu, {'approximate': 'none'}),
        ('gelu, tanh', 'Gelu', away('gelut', shape), lambda x: F.gelu(x, approximate='tanh'), {'approximate': 'tanh'}),
        ('hard swish', 'HardSwish', away('hs', shape, -3, 3), F.hardswish, {}),
        (
            'hard sigmoid of torch',
            'HardSigmoid',
            away('hg', shape, -3, 3),
            F.hardsigmoid,
            {'alpha': 1 / 6, 'beta': 0.5},
        ),
        (
            'hard sigmoid of ONNX',
            'HardSigmoid',
            away('ho', shape, -2.5, 2.5),
            lambda x: (0.2 * x + 0.5).clamp(0, 1),
            {},
        ),
        ('sigmoid', 'Sigmoid', away('sg', shape, low=-12, high=12), torch.sigmoid, {}),
        ('tanh', 'Tanh', away('th', shape), torch.tanh, {}),
        ('relu', 'Relu', away('re', shape, 0), F.relu, {}),
        ('leaky relu', 'LeakyRelu', away('lr', shape, 0), lambda x: F.leaky_relu(x, 0.2), {'alpha': 0.2}),
        ('elu', 'Elu', away('el', shape, 0), lambda x: F.elu(x, 0.7), {'alpha': 0.7}),
        ('softplus', 'Softplus', away('sp', shape), F.softplus, {}),
        ('mish', 'Mish', away('mi', shape), F.mish, {}),
        ('erf', 'Erf', away('er', shape, low=-2, high=2), torch.erf, {}),
        ('exp', 'Exp', away('ex', shape), torch.exp, {}),
        ('log', 'Log', away('lo', shape, low=0.2, high=5), torch.log, {}),
        ('sqrt', 'Sqrt', away('sq', shape, low=0.2, high=5), torch.sqrt, {}),
        ('reciprocal', 'Reciprocal', away('rc', shape, 0, margin=0.3), torch.reciprocal, {}),
        ('abs', 'Abs', away('ab', shape, 0), torch.abs, {}),
        ('neg', 'Neg', away('ne', shape), torch.neg, {}),
    ):
        case(name, op, [x], compute, **attributes)
    silu = away('si', shape, low=-9, high=9)
    case('silu as x times sigmoid of x', 'SiLU', [silu], F.silu, runtime=False)
    low, high = torch.tensor(-1.0).double(), torch.tensor(2.0).double()
    clipped = away('cl', shape, -1, 2)
    case('clip on both sides', 'Clip', [clipped, low, high], lambda x, a, b: x.clamp(a, b))
    case('clip above only', 'Clip', [clipped, None, high], lambda x, b: x.clamp(max=b))
    slope = rounded(normal(generator('prelu'), (3, 1, 1)))
    case('prelu by channel', 'PRelu', [away('pr', (2, 3, 2, 1), 0), slope], lambda x, a: torch.where(x > 0, x, a * x))


def arithmetic():
    for op, compute in (('Add', torch.add), ('Sub', torch.sub), ('Mul', torch.mul), ('Div', torch.div)):
        divisor = away(f'{op} b', (4, 1), 0, margin=0.4)
        case(f'{op.lower()}, both sides broadcast', op, [(2, 1, 3), divisor], compute)
    case('add of a vector of another rank', 'Add', [(3,), (2, 2, 3)], torch.add)
    case('mul by a scalar', 'Mul', [(2, 3), ()], torch.mul)
    case('mul of a value by itself', 'Square', [(2, 3)], lambda x: x * x, runtime=False)
    base, exponent = away('pow', (2, 3), low=0.3, high=3), away('powe', (3,), low=-2, high=3)
    case('pow, gradients of both', 'Pow', [base, exponent], torch.pow)
    case('pow 3 of negative numbers', 'Pow', [(2, 3), torch.tensor(3.0).double()], lambda x, p: x ** p.detach())
    a, b = distinct('mm', (2, 3, 4))[:, :, :1], distinct('mn', (4,))
    case('max, broadcast', 'Max', [a, b + 0.05], torch.maximum)
    case('min, broadcast', 'Min', [a, b + 0.05], torch.minimum)
    mask = torch.tensor([[True, False, True], [False, False, True]])
    case('where, broadcast', 'Where', [mask, (3,), (2, 2, 1)], torch.where)


def reductions():
    for op, compute in (('ReduceMean', torch.mean), ('ReduceSum', torch.sum), ('ReduceLogSumExp', torch.logsumexp)):
        case(
            f'{op}, middle axis kept',
            op,
            [(2, 3, 2), ints(1)],
            lambda x, a, f=compute: f(x, 1, keepdim=True),
            keepdims=1,
        )
        case(f'{op}, two axes dropped', op, [(2, 3, 2), ints(0, -1)], lambda x, a, f=compute: f(x, (0, 2)), keepdims=0)
    case('reduce mean of everything', 'ReduceMean', [(2, 3)], lambda x: x.mean(), keepdims=0)
    case('reduce max', 'ReduceMax', [distinct('rm', (2, 3, 4)), ints(2)], lambda x, a: x.amax(2), keepdims=0)
    case(
        'reduce min of two axes',
        'ReduceMin',
        [distinct('ri', (2, 3, 4)), ints(0, 2)],
        lambda x, a: x.amin((0, 2)),
        keepdims=0,
    )
    case('reduce L2', 'ReduceL2', [(2, 5), ints(1)], lambda x, a: x.norm(dim=1, keepdim=True), keepdims=1)
    case('reduce L1', 'ReduceL1', [away('l1', (2, 5), 0), ints(1)], lambda x, a: x.abs().sum(1), keepdims=0)
    case('reduce prod', 'ReduceProd', [(3, 3), ints(1)], lambda x, a: x.prod(1), keepdims=0)


def shapes():
    def picked(*index):
        return lambda x, *rest: x[index]

    case('transpose', 'Transpose', [(2, 3, 2)], lambda x: x.permute(2, 0, 1), perm=(2, 0, 1))
    case('reshape with 0 and -1', 'Reshape', [(2, 3, 4), ints(0, -1, 2)], lambda x, s: x.reshape(2, 6, 2))
    case('flatten', 'Flatten', [(2, 3, 2)], lambda x: x.reshape(2, 6), axis=1)
    case(
        'slice with steps and negative ends',
        'Slice',
        [(4, 5, 2), ints(1, -4), ints(-1, 100), ints(0, 1), ints(2, 3)],
        picked(slice(1, -1, 2), slice(1, None, 3)),
    )
    case('slice backwards', 'Slice', [(2, 4), ints(-1), ints(-100), ints(1), ints(-2)], lambda x, *r: x.flip(1)[:, ::2])
    case('concat', 'Concat', [(2, 1, 2), (2, 3, 2)], lambda a, b: torch.cat((a, b), 1), axis=1)
    case('split in unequal parts', 'Split', [(2, 5), ints(2, 3)], lambda x, s: x.split((2, 3), 1), axis=1)
    case(
        'gather with repeats and negatives', 'Gather', [(2, 4, 2), ints(1, -1, 1)], lambda x, i: x[:, [1, 3, 1]], axis=1
    )
    case(
        'gather with a matrix of indices', 'Gather', [(3, 2), torch.tensor([[0, 2], [2, 2]])], lambda x, i: x[i], axis=0
    )
    elements = torch.tensor([[0, 0, 2], [1, 0, 1]])
    case('gather elements', 'GatherElements', [(3, 3), elements], lambda x, i: x.gather(0, i), axis=0)
    case(
        'scatter elements, added',
        'ScatterElements',
        [(3, 3), elements, (2, 3)],
        lambda x, i, u: x.scatter_add(0, i, u),
        axis=0,
        reduction='add',
    )
    points = torch.tensor([[0, 1], [2, 0]])
    case('scatter nd', 'ScatterND', [(3, 2), points, (2,)], lambda x, i, u: x.index_put(tuple(i.T), u))
    case(
        'pad with zeros, unequal',
        'Pad',
        [(1, 2, 3), ints(0, 1, 0, 1, 0, 2)],
        lambda x, p: F.pad(x, (0, 2, 1, 0, 0, 1)),
        mode='constant',
    )
    case('pad that crops', 'Pad', [(2, 4), ints(0, -1, 0, 1)], lambda x, p: F.pad(x, (-1, 1)), mode='constant')
    case(
        'pad by reflection', 'Pad', [(2, 4), ints(0, 2, 0, 1)], lambda x, p: F.pad(x, (2, 1), 'reflect'), mode='reflect'
    )
    case('pad by the edge', 'Pad', [(2, 3), ints(0, 2, 0, 1)], lambda x, p: F.pad(x, (2, 1), 'replicate'), mode='edge')
    case('expand', 'Expand', [(3, 1), ints(2, 1, 4)], lambda x, s: x.expand(2, 3, 4))
    case('tile', 'Tile', [(2, 3), ints(2, 2)], lambda x, r: x.tile(2, 2))
    case('squeeze', 'Squeeze', [(2, 1, 3, 1), ints(1)], lambda x, a: x.squeeze(1))
    case('unsqueeze', 'Unsqueeze', [(2, 3), ints(0, -1)], lambda x, a: x[None, ..., None])


def resizes():
    """`sizes` is the fourth input. ONNX's coordinates for torch's modes: nearest is asymmetric + floor,
    nearest-exact half_pixel + round_prefer_ceil, align_corners=False half_pixel, True align_corners;
    cubic's coefficient is -0.75 in both."""

    def resize(name, size, mode, shape=(1, 2, 3, 4), **attributes):
        torch_mode = {'linear': 'bilinear', 'cubic': 'bicubic'}.get(mode, 'nearest')
        if attributes.get('coordinate_transformation_mode') == 'half_pixel' and mode == 'nearest':
            torch_mode = 'nearest-exact'
        corners = None if mode == 'nearest' else attributes['coordinate_transformation_mode'] == 'align_corners'
        sizes = torch.tensor([*shape[:2], *size])
        case(
            f'resize {name}',
            'Resize',
            [shape, None, None, sizes],
            lambda x, s: F.interpolate(x, size, mode=torch_mode, align_corners=corners),
            mode=mode,
            **attributes,
        )

    floor = {'coordinate_transformation_mode': 'asymmetric', 'nearest_mode': 'floor'}
    exact = {'coordinate_transformation_mode': 'half_pixel', 'nearest_mode': 'round_prefer_ceil'}
    resize('nearest x2', (6, 8), 'nearest', **floor)
    resize('nearest, uneven up', (5, 6), 'nearest', **floor)
    resize('nearest, down', (2, 3), 'nearest', **floor)
    resize('nearest of pixel centres, up', (5, 6), 'nearest', **exact)
    resize('nearest of pixel centres, down', (2, 3), 'nearest', **exact)
    half, corners = ({'coordinate_transformation_mode': mode} for mode in ('half_pixel', 'align_corners'))
    resize('linear x2', (6, 8), 'linear', **half)
    resize('linear, uneven, up and down', (5, 3), 'linear', **half)
    resize('linear, corners aligned', (5, 7), 'linear', **corners)
    resize('linear, corners aligned, down', (2, 3), 'linear', **corners)
    resize('cubic, up', (5, 6), 'cubic', (1, 1, 3, 4), cubic_coeff_a=-0.75, **half)
    resize('cubic, down', (3, 3), 'cubic', (1, 1, 5, 6), cubic_coeff_a=-0.75, **half)
    resize('cubic, corners aligned', (5, 6), 'cubic', (1, 1, 4, 4), cubic_coeff_a=-0.75, **corners)


def products():
    case('matmul, batches broadcast', 'MatMul', [(2, 1, 2, 3), (3, 3, 2)], torch.matmul)
    case('matmul with a matrix', 'MatMul', [(2, 3, 4), (4, 2)], torch.matmul)
    case('matmul with a vector', 'MatMul', [(2, 2, 3), (3,)], torch.matmul)
    case('gemm, both transposed', 'Gemm', [(3, 2), (4, 3), (4,)], lambda a, b, c: a.T @ b.T + c, transA=1, transB=1)
    case(
        'gemm, alpha and beta, column bias',
        'Gemm',
        [(2, 3), (3, 4), (2, 1)],
        lambda a, b, c: 0.5 * a @ b + 2 * c,
        alpha=0.5,
        beta=2.0,
    )
    case('gemm without bias', 'Gemm', [(2, 3), (4, 3)], lambda a, b: a @ b.T, transB=1)
    case(
        'einsum',
        'Einsum',
        [(2, 3, 2), (2, 4, 2)],
        lambda a, b: torch.einsum('bic,bjc->bij', a, b),
        equation='bic,bjc->bij',
    )
    case(
        'conv transpose, stride 2, output padding',
        'ConvTranspose',
        [(1, 2, 3, 3), (2, 2, 3, 3), (2,)],
        lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1),
        strides=(2, 2),
        pads=(1, 1, 1, 1),
        output_padding=(1, 1),
        kernel_shape=(3, 3),
    )
    case(
        'attention',
        'Attention',
        [(1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4)],
        F.scaled_dot_product_attention,
        opset=23,
    )


def losses():
    labels, weights = ints(2, 0, 3, 2), rounded(uniform(generator('class weights'), (4,), 0.3, 2))
    case('cross entropy', 'SoftmaxCrossEntropyLoss', [(4, 4), labels], F.cross_entropy, reduction='mean')
    case(
        'cross entropy, class weights (the mean is over their sum)',
        'SoftmaxCrossEntropyLoss',
        [(4, 4), labels, weights.detach()],
        lambda x, t, w: F.cross_entropy(x, t, w.detach()),
        reduction='mean',
    )
    for smoothing, extra in ((0.1, []), (0.2, [weights])):
        case(
            'cross entropy, label smoothing' + (' and class weights' if extra else ''),
            'CrossEntropy',
            [(4, 4), labels, *extra],
            lambda x, t, w=None, s=smoothing: F.cross_entropy(
                x, t, None if w is None else w.detach(), label_smoothing=s
            ),
            runtime=False,
            labelSmoothing=smoothing,
        )
    large = rounded(normal(generator('logits'), (4, 4), 40))
    case('cross entropy of large logits', 'SoftmaxCrossEntropyLoss', [large, labels], F.cross_entropy, reduction='mean')


def number(value):
    """Seven digits: more than float32 can tell."""
    text = float(f'{value:.7g}')
    return int(text) if text.is_integer() and abs(text) < 1e6 else text


def described(tensor, shape=True):
    if tensor is None:
        return None
    dtype = {torch.int64: 'int64', torch.bool: 'bool'}.get(tensor.dtype)
    kind = {'dtype': dtype} if dtype else {}
    data = [number(v) for v in tensor.detach().flatten().tolist()]
    return {'shape': list(tensor.shape), **kind, 'data': data} if shape else data


def runtime_outputs(op, opset, attributes, inputs, outputs):
    names = ['' if i is None else f'i{n}' for n, i in enumerate(inputs)]
    arrays = {
        f'i{n}': (i.float() if i.is_floating_point() else i).numpy() for n, i in enumerate(inputs) if i is not None
    }
    node = helper.make_node(op, names, [f'o{n}' for n in range(len(outputs))], **attributes)
    value = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in arrays.items()
    ]
    out = [helper.make_tensor_value_info(f'o{n}', onnx.TensorProto.FLOAT, None) for n in range(len(outputs))]
    model = helper.make_model(
        helper.make_graph([node], op, value, out), opset_imports=[helper.make_opsetid('', opset)], ir_version=10
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, arrays)


def check(name, op, opset, attributes, inputs, outputs):
    for got, output in zip(runtime_outputs(op, opset, attributes, inputs, outputs), outputs, strict=True):
        expected = output.detach().numpy()
        assert got.shape == expected.shape, f'{name}: shape {got.shape}, of torch {expected.shape}'
        apart = np.abs(got - expected).max() / max(1, np.abs(expected).max())
        assert apart < 1e-5, f'{name}: ONNX Runtime and torch are {apart:.2g} apart'


def make(out, log=print):
    CASES.clear()
    for group in (convolutions, pools, norms, activations, arithmetic, reductions, shapes, resizes, products, losses):
        group()
    lines = []
    for name, op, opset, runtime, attributes, inputs, compute in CASES:
        given = [i.clone().requires_grad_() if i is not None and i.is_floating_point() else i for i in inputs]
        result = compute(*[i for i in given if i is not None])
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        weights = [rounded(normal(generator('ops', name, 'weights', n), o.shape)) for n, o in enumerate(outputs)]
        sum((o * w).sum() for o, w in zip(outputs, weights, strict=True)).backward()
        if runtime:
            check(name, op, opset, attributes, inputs, outputs)
        gradients = [None if i is None or i.grad is None else described(i.grad, shape=False) for i in given]
        content = {
            'name': name,
            'op': op,
            'opset': opset,
            'attributes': {k: list(v) if isinstance(v, tuple) else v for k, v in attributes.items()},
            'inputs': [described(i) for i in inputs],
            'outputs': [described(o) for o in outputs],
            'weights': [described(w, shape=False) for w in weights],
            'gradients': gradients,
        }
        lines.append(json.dumps(content, separators=(',', ':')))
    os.makedirs(out, exist_ok=True)
    path = os.path.join(out, 'ops.json')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('[\n' + ',\n'.join(lines) + '\n]\n')
    log(f'{len(lines)} cases, {os.path.getsize(path)} bytes')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True)
    make(parser.parse_args().out)
