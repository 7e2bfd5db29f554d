"""The small detector of the tests: YOLO11 of an eighth of the channels, trained by Ultralytics on the drawn detection sample.

    lowrank sample DATA --boxes      or writeDetectionSample(DATA, { domain: 'clean', train: 400, seed: 7, classes: … }) (src/data/detection/sample.ts)
    python make_drawn_yolo.py DATA OUT.pt [EPOCHS]

The committed test/fixtures/yolo/drawn.pt has seen six of the eight shapes (no crescent, no triangle) on clean grounds for 40 epochs.
"""

import os
import pathlib
import sys
import tempfile

# Nothing is fetched and nothing is reported.
os.environ.setdefault('YOLO_OFFLINE', 'true')
os.environ.setdefault('YOLO_AUTOINSTALL', 'false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

import torch  # noqa: E402
import ultralytics  # noqa: E402
import yaml  # noqa: E402
from ultralytics import YOLO  # noqa: E402

SIDE = 160


def main(data, out, epochs=40):
    work = pathlib.Path(tempfile.mkdtemp(prefix='lowrank-drawn-'))
    described = yaml.safe_load((pathlib.Path(data) / 'data.yaml').read_text())
    (work / 'data.yaml').write_text(yaml.safe_dump({**described, 'path': str(pathlib.Path(data).resolve())}))
    published = pathlib.Path(ultralytics.__file__).parent / 'cfg/models/11/yolo11.yaml'
    # Of the file's name the library takes the scale, n.
    network = work / 'yolo11n.yaml'
    scales = {'n': [0.33, 0.125, 256]}
    settings = {**yaml.safe_load(published.read_text()), 'scales': scales, 'nc': len(described['names'])}
    network.write_text(yaml.safe_dump(settings))
    YOLO(str(network)).train(
        data=str(work / 'data.yaml'), imgsz=SIDE, epochs=int(epochs), batch=16, optimizer='AdamW', lr0=0.003,
        warmup_epochs=1, close_mosaic=8, workers=0, device='cpu', project=str(work), name='run', plots=False, val=False,
        seed=0, cache='ram', amp=False,
    )
    checkpoint = torch.load(work / 'run/weights/last.pt', weights_only=False, map_location='cpu')
    model = (checkpoint.get('ema') or checkpoint['model']).half().eval()
    # No path of this machine.
    model.args = {'imgsz': SIDE, 'task': 'detect'}
    model.yaml['yaml_file'] = model.yaml_file = network.name
    # As the library strips what it has trained: no optimizer, half precision.
    torch.save({'epoch': -1, 'ema': None, 'model': model, 'train_args': {'imgsz': SIDE, 'task': 'detect'}}, out)


if __name__ == '__main__':
    main(*sys.argv[1:])
