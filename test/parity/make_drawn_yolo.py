"""Detectors trained by Ultralytics on the drawn detection sample: a small one for tests, and the bases of docs/results.md.

    lowrank sample CLEAN --boxes --domain clean --classes arrow,circle,cross,ring,square,star --train 400 --seed 7
    python make_drawn_yolo.py --data CLEAN --out OUT.pt [--network yolo11n] [--epochs 40] [--device cpu] [--batch 16] [--rate 0.003]

Several folders of the same classes may be named with commas between. The network of the tests, `small`, is YOLO11 of an eighth of the
channels. The committed test/fixtures/yolo/drawn.pt has seen six of the eight shapes (no crescent, no triangle) on clean grounds for 40
epochs.
"""

import argparse
import os
import pathlib
import re
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
PUBLISHED = pathlib.Path(ultralytics.__file__).parent / 'cfg/models'
SMALL = [0.33, 0.125, 256]


def write_data(folders, to):
    folders = [pathlib.Path(folder).resolve() for folder in folders]
    described = yaml.safe_load((folders[0] / 'data.yaml').read_text())
    images = {split: [str(folder / described[split]) for folder in folders] for split in ('train', 'val')}
    to.write_text(yaml.safe_dump({**images, 'names': described['names']}))
    return described['names']


def write_network(network, classes, folder):
    family = re.search(r'\d+', 'yolo11' if network == 'small' else network).group()
    settings = yaml.safe_load((PUBLISHED / family / f'yolo{family}.yaml').read_text())
    # Of the file's name the library takes the scale, n.
    scale = SMALL if network == 'small' else settings['scales']['n']
    path = folder / f'yolo{family}n.yaml'
    path.write_text(yaml.safe_dump({**settings, 'scales': {'n': scale}, 'nc': classes}))
    return path


def main(data, out, network, epochs, device, batch, rate, workers):
    work = pathlib.Path(tempfile.mkdtemp(prefix='lowrank-drawn-'))
    names = write_data(data.split(','), work / 'data.yaml')
    described = write_network(network, len(names), work)
    YOLO(str(described)).train(
        data=str(work / 'data.yaml'), imgsz=SIDE, epochs=epochs, batch=batch, optimizer='AdamW', lr0=rate,
        warmup_epochs=1, close_mosaic=8, workers=workers, device=device, project=str(work), name='run', plots=False,
        val=False, seed=0, cache='ram', amp=False,
    )
    checkpoint = torch.load(work / 'run/weights/last.pt', weights_only=False, map_location='cpu')
    model = (checkpoint.get('ema') or checkpoint['model']).half().eval()
    # No path of this machine.
    model.args = {'imgsz': SIDE, 'task': 'detect'}
    model.yaml['yaml_file'] = model.yaml_file = described.name
    # As the library strips what it has trained: no optimizer, half precision.
    torch.save({'epoch': -1, 'ema': None, 'model': model, 'train_args': {'imgsz': SIDE, 'task': 'detect'}}, out)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--data', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('--network', default='small')
    parser.add_argument('--epochs', type=int, default=40)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--batch', type=int, default=16)
    parser.add_argument('--rate', type=float, default=0.003)
    parser.add_argument('--workers', type=int, default=0)
    main(**vars(parser.parse_args()))
