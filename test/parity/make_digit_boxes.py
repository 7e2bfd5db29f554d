"""Handwritten digits scattered over textured pictures, with a box each: scikit-learn's 1,797 digits of UCI's set, 8 pixels a side, enlarged.

    python make_digit_boxes.py OUT [--train 128] [--validation 100] [--test 0] [--seed 0]
"""

import argparse
import pathlib

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SIDE = 160
MOST = 8
SIZES = (22, 60)
#: Of full ink: what counts as covered.
COVERED = 0.5


def ground(random):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    waves = sum(
        np.sin(2 * np.pi * (np.cos(turn) * columns + np.sin(turn) * rows) / random.uniform(5, 40) + random.uniform(0, 6))
        for turn in random.uniform(0, np.pi, 2)
    )
    colour = random.uniform(30, 110, 3)
    return colour + 10 * waves[..., None] + random.normal(0, 6, (SIDE, SIDE, 3))


def picture(digits, own, random):
    canvas, boxes, taken = ground(random), [], []
    for _ in range(random.integers(2, MOST + 1)):
        index = random.choice(own)
        size = int(random.uniform(*SIZES))
        ink = np.asarray(Image.fromarray((digits.images[index] / 16 * 255).astype(np.uint8)).resize((size, size), Image.BICUBIC)) / 255
        left, top = (int(at) for at in random.integers(0, SIDE - size, 2))
        if any(abs(left - x) < max(size, s) and abs(top - y) < max(size, s) for x, y, s in taken):
            continue
        taken.append((left, top, size))
        area = canvas[top:top + size, left:left + size]
        area += ink[..., None] * (random.uniform(160, 255, 3) - area)
        rows, columns = np.nonzero(ink >= COVERED)
        x1, x2, y1, y2 = left + columns.min(), left + columns.max() + 1, top + rows.min(), top + rows.max() + 1
        boxes.append((digits.target[index], (x1 + x2) / 2 / SIDE, (y1 + y2) / 2 / SIDE, (x2 - x1) / SIDE, (y2 - y1) / SIDE))
    return Image.fromarray(canvas.clip(0, 255).astype(np.uint8)), boxes


def main(out, train, validation, test, seed):
    digits, out = load_digits(), pathlib.Path(out)
    splits = {name: count for name, count in (('train', train), ('val', validation), ('test', test)) if count > 0}
    for place, (split, count) in enumerate(splits.items()):
        random = np.random.default_rng([seed, place])
        for folder in ('images', 'labels'):
            (out / folder / split).mkdir(parents=True)
        # No handwriting is in two splits.
        own = np.arange(place, len(digits.images), 3)
        for index in range(count):
            image, boxes = picture(digits, own, random)
            image.save(out / 'images' / split / f'{index:03}.png')
            lines = [' '.join(str(part) for part in box) for box in boxes]
            (out / 'labels' / split / f'{index:03}.txt').write_text('\n'.join(lines) + '\n')
    names = '\n'.join(f'  {digit}: digit {digit}' for digit in range(10))
    folders = '\n'.join(f'{split}: images/{split}' for split in splits)
    (out / 'data.yaml').write_text(f'path: .\n{folders}\nnames:\n{names}\n')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('out')
    parser.add_argument('--train', type=int, default=128)
    parser.add_argument('--validation', type=int, default=100)
    parser.add_argument('--test', type=int, default=0)
    parser.add_argument('--seed', type=int, default=0)
    main(**vars(parser.parse_args()))
