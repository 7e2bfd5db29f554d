"""Ultralytics' own full fine-tuning, the yardstick of docs/results.md; a line of JSON for each seed.

    python finetune_yolo.py --data DATA --base BASE.pt --seeds 0,1,2 [--epochs 30] [--device cpu] [--rate 0.001]

Without a rate the optimizer and its rate are those that the library chooses by itself. mAP50-95 is that of its last epoch's averaged weights
on the test images (`test`), and the best of its evaluations on the validation images (`best`).
"""

import argparse
import json
import os
import pathlib
import tempfile
import time

os.environ.setdefault('YOLO_OFFLINE', 'true')
os.environ.setdefault('YOLO_AUTOINSTALL', 'false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

import yaml  # noqa: E402
from ultralytics import YOLO  # noqa: E402

SIDE = 160


def trained(data, base, seed, epochs, device, rate, workers):
    work = pathlib.Path(tempfile.mkdtemp(prefix='lowrank-finetune-'))
    described = yaml.safe_load((pathlib.Path(data) / 'data.yaml').read_text())
    (work / 'data.yaml').write_text(yaml.safe_dump({**described, 'path': str(pathlib.Path(data).resolve())}))
    best = []
    model = YOLO(base)
    model.add_callback('on_fit_epoch_end', lambda trainer: best.append(trainer.metrics.get('metrics/mAP50-95(B)', 0.0)))
    chosen = {} if rate is None else {'optimizer': 'AdamW', 'lr0': rate}
    started = time.time()
    model.train(
        data=str(work / 'data.yaml'), imgsz=SIDE, epochs=epochs, batch=16, workers=workers, device=device, project=str(work),
        name='run', plots=False, seed=seed, cache='ram', amp=False, **chosen,
    )
    seconds = time.time() - started
    last = YOLO(work / 'run/weights/last.pt')
    split = 'test' if 'test' in described else 'val'
    scored = last.val(data=str(work / 'data.yaml'), imgsz=SIDE, split=split, device=device, plots=False, workers=workers)
    return {
        'method': 'ultralytics', 'data': data, 'seed': seed, 'rate': rate, 'seconds': seconds,
        'best': float(max(best)), 'test': float(scored.box.map), 'curve': [float(value) for value in best],
    }


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--data', required=True)
    parser.add_argument('--base', required=True)
    parser.add_argument('--seeds', default='0')
    parser.add_argument('--epochs', type=int, default=30)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--rate', type=float)
    parser.add_argument('--workers', type=int, default=0)
    options = vars(parser.parse_args())
    for seed in options.pop('seeds').split(','):
        print(json.dumps(trained(seed=int(seed), **options)), flush=True)
