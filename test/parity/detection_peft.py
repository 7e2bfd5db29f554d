"""Raw outputs of a detector under an adapter of Lowrank, by the lines of docs/detectors.md.

    python detection_peft.py SNIPPET BASE ADAPTER PIXELS OUT

SNIPPET is a file with the lines, which leave `model`; PIXELS holds `pixels` (N, 3, h, w), OUT will hold the raw outputs of each branch.
"""

import os
import sys
import tempfile

# Nothing is fetched and nothing is reported.
os.environ.setdefault('YOLO_OFFLINE', 'true')
os.environ.setdefault('YOLO_AUTOINSTALL', 'false')
os.environ.setdefault('YOLO_VERBOSE', 'false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402


@torch.no_grad()
def main(snippet, base, adapter, pixels, out):
    left = {}
    sys.argv = [snippet, base, adapter]
    with open(snippet) as lines:
        exec(compile(lines.read(), snippet, 'exec'), left)
    _, raw = left['model'](load_file(pixels)['pixels'])
    branches = raw if 'one2many' in raw else {'one2many': raw}
    save_file(
        {
            f'{branch}.{kind}': values[kind].contiguous()
            for branch, values in branches.items()
            if values
            for kind in ('boxes', 'scores')
        },
        out,
    )


main(*sys.argv[1:])
