"""`ultralytics val` on a CPU: seconds of the fastest round and mAP50-95; prints one JSON line.

    python validate_yolo.py --model base.pt --data data.yaml --batch 8 --size 640
"""

import argparse
import json
import os
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--model', required=True)
parser.add_argument('--data', required=True)
parser.add_argument('--batch', type=int, default=8)
parser.add_argument('--size', type=int, default=640)
parser.add_argument('--threads', type=int, default=2)
parser.add_argument('--rounds', type=int, default=2)
arguments = parser.parse_args()
os.environ.update(OMP_NUM_THREADS=str(arguments.threads), MKL_NUM_THREADS=str(arguments.threads))
os.environ.update(YOLO_OFFLINE='true', YOLO_AUTOINSTALL='false', YOLO_VERBOSE='false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

import torch  # noqa: E402
import yaml  # noqa: E402
from ultralytics import YOLO  # noqa: E402


def with_absolute_path(file):
    """Ultralytics looks for a relative path in the folder it is started in."""
    with open(file, encoding='utf8') as opened:
        data = yaml.safe_load(opened)
    folder = os.path.dirname(os.path.abspath(file))
    written = os.path.join(tempfile.mkdtemp(prefix='lowrank-val-'), 'data.yaml')
    with open(written, 'w', encoding='utf8') as opened:
        yaml.safe_dump({**data, 'path': os.path.join(folder, data.get('path', ''))}, opened)
    return written


def main():
    data = with_absolute_path(arguments.data)
    torch.set_num_threads(arguments.threads)
    best = None
    for _ in range(arguments.rounds):
        model = YOLO(arguments.model)
        before = time.perf_counter()
        result = model.val(
            data=data,
            imgsz=arguments.size,
            batch=arguments.batch,
            device='cpu',
            workers=arguments.threads,
            plots=False,
            verbose=False,
            project=tempfile.mkdtemp(prefix='lowrank-val-'),
        )
        seconds = time.perf_counter() - before
        if best is None or seconds < best['seconds']:
            best = {'seconds': seconds, 'map': result.box.map}
    print(json.dumps(best))


main()
