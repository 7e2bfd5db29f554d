"""What `ultralytics val` says of ONNX files, or of checkpoints, on a dataset: one JSON list of { map, map50 }.

    python detection_val.py DATA_YAML IMGSZ MODEL...
"""

import json
import os
import sys
import tempfile

# Nothing is fetched and nothing is reported.
os.environ.setdefault('YOLO_OFFLINE', 'true')
os.environ.setdefault('YOLO_AUTOINSTALL', 'false')
os.environ.setdefault('YOLO_VERBOSE', 'false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

import pathlib  # noqa: E402

import yaml  # noqa: E402
from ultralytics import YOLO  # noqa: E402


def absolute(data):
    """A description that names its folder: a relative one is relative to Ultralytics' own folder of datasets."""
    described = yaml.safe_load(pathlib.Path(data).read_text())
    path = pathlib.Path(tempfile.mkdtemp(prefix='lowrank-val-')) / 'data.yaml'
    path.write_text(yaml.safe_dump({**described, 'path': str(pathlib.Path(data).resolve().parent)}))
    return str(path)


def main(data, side, *models):
    results = []
    for model in models:
        figures = YOLO(model, task='detect').val(
            data=absolute(data), imgsz=int(side), batch=1, rect=False, workers=0, device='cpu', plots=False,
            verbose=False, project=tempfile.mkdtemp(prefix='lowrank-val-'),
        )
        results.append({'map': figures.box.map, 'map50': figures.box.map50})
    # Ultralytics prints too: what is asked for is the last line.
    print()
    print(json.dumps(results))


main(*sys.argv[1:])
