"""ONNX exports of the detectors of make_yolo.py, as Ultralytics writes them.

    python make_yolo_onnx.py MODELS OUT [--tiny]

MODELS holds what make_yolo.py made. OUT/<model>-<way>.onnx; with --tiny one way each, which together have every way.
"""

import argparse
import os
import shutil
import tempfile

# Nothing is fetched and nothing is reported.
os.environ.setdefault('YOLO_OFFLINE', 'true')
os.environ.setdefault('YOLO_AUTOINSTALL', 'false')
os.environ.setdefault('YOLO_VERBOSE', 'false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

import onnx  # noqa: E402
from ultralytics import YOLO  # noqa: E402

# For images of one size or of any; `end2end` answers once for each object, `nms` suppresses in the graph.
WAYS = {
    'static': {},
    'dynamic': {'dynamic': True},
    'end2end': {'nms': False},
    'nms': {'nms': True},
    'half': {'half': True},
}
TINY = [('yolov8', 'static'), ('yolo11', 'nms'), ('yolo12', 'dynamic'), ('yolo26', 'end2end')]
FAMILIES = ['yolov8', 'yolo11', 'yolo12', 'yolo26']
# Of the library, not of the model.
DROPPED = ('date', 'author', 'license', 'docs', 'description')


def export(checkpoint, way, side, out):
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(checkpoint, folder)
        path = YOLO(copy).export(format='onnx', imgsz=side, simplify=False, opset=17, **WAYS[way])
        model = onnx.load(path)
    kept = [entry for entry in model.metadata_props if entry.key not in DROPPED]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    onnx.save(model, out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('models')
    parser.add_argument('out')
    parser.add_argument('--tiny', action='store_true')
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    ways = [(f'{family}n', way) for family in FAMILIES for way in WAYS if way != 'end2end' or family == 'yolo26']
    for model, way in TINY if args.tiny else ways:
        checkpoint = os.path.join(args.models, f'{model}.pt')
        export(checkpoint, way, 32 if args.tiny else 128, os.path.join(args.out, f'{model}-{way}.onnx'))


main()
