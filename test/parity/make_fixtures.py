"""The reference material of the models: one command, everything from seeds.

python test/parity/make_fixtures.py --small --out test/fixtures/models   what the repository holds
python test/parity/make_fixtures.py --out DIR                            all of it (1 GB, about 5 minutes on one core)
python test/parity/make_fixtures.py --real --out DIR                     real sizes with random weights, for benches

DIR/<model>/           Hugging Face directories (make_hf.py) and tiny ONNX models with gradients (make_gradients.py)
DIR/preprocessors/     forms of preprocessor_config.json and the pixel values they give (make_hf.py)
DIR/ops.json           single ops (make_ops.py)
DIR/onnx/              exports of real architectures (make_onnx.py); not with --small
DIR/real/<model>/      only with --real
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True  # no __pycache__ beside the sources

import make_gradients
import make_hf
import make_onnx
import make_ops

import torch


def make(out, small):
    make_hf.make(out, small)
    make_gradients.make(out, small)
    make_ops.make(out)
    if not small:
        make_onnx.make(os.path.join(out, 'onnx'))


def readable(out):
    """Safetensors files are created for their owner alone."""
    for directory, _, files in os.walk(out):
        for file in files:
            os.chmod(os.path.join(directory, file), 0o644)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True)
    parser.add_argument('--small', action='store_true', help='only what the repository holds')
    parser.add_argument('--real', action='store_true', help='real sizes instead')
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.real:
        make_hf.make_real(os.path.join(arguments.out, 'real'))
        make_onnx.make_real(os.path.join(arguments.out, 'real'))
    else:
        make(arguments.out, arguments.small)
    readable(arguments.out)
