"""Writes images as photographs are, with hard and soft edges, fine texture and noise, and beside each the pixels Pillow sees.

python data_photographs.py DIR
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter


def scene(width: int = 487, height: int = 331) -> Image.Image:
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([110 + 80 * np.sin(x / (23 + 9 * c) + y / (31 - 5 * c)) for c in range(3)], -1)
    for _ in range(40):
        cx, cy, radius = random.uniform(0, width), random.uniform(0, height), random.uniform(4, 60)
        image[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = random.uniform(0, 255, 3)
    soft = Image.fromarray(image.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7))
    return Image.fromarray((np.asarray(soft) + random.normal(0, 5, image.shape)).clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    directory, photograph = Path(sys.argv[1]), scene()
    files = {
        "444.jpg": (photograph, {"quality": 90, "subsampling": 0}),
        "422.jpg": (photograph, {"quality": 85, "subsampling": 1}),
        "420.jpg": (photograph, {"quality": 85, "subsampling": 2}),
        "progressive.jpg": (photograph, {"quality": 85, "progressive": True}),
        "grey.jpg": (photograph.convert("L"), {"quality": 85}),
        "lossy.webp": (photograph, {"quality": 80}),
        "rgb.png": (photograph, {}),
    }
    for name, (image, options) in files.items():
        image.save(directory / name, **options)
        pixels = np.asarray(Image.open(directory / name).convert("RGB"))
        (directory / f"{name}.rgb").write_bytes(pixels.tobytes())
