"""Small image files of every kind that is decoded, with the pixels Pillow sees in them.

python data_images.py ../fixtures/data/images.json
"""

import base64
import io
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 11, 7


def scene(channels: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Smooth, since JPEG is compared too, and different in each channel and corner, so that every turn shows."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return np.rint(127 + 60 * np.sin(x / 3 + c) + 50 * np.cos(y / 2 - c) + 2 * (x - y)).clip(0, 255).astype(np.uint8)


def png16(colour_type: int, channels: int) -> bytes:
    """Pillow writes no 16-bit colour."""
    samples = scene(channels).astype(">u2") * 256 + 200 - np.arange(WIDTH, dtype=np.uint16)[None, :, None]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def rgb_of(data: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode == "I;16":
        # Pillow clips 16-bit grey to 255; the high byte is what it takes of 16-bit colours.
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    return np.asarray(image.convert("RGB"))


def cases():
    rgb, rgba = Image.fromarray(scene(3)), Image.fromarray(scene(4))
    grey = Image.fromarray(scene(3)[..., 0])
    palette = rgb.quantize(16)
    bits = Image.fromarray(scene(3)[..., 0] > 127)
    grey_alpha = Image.merge("LA", [grey, Image.fromarray(scene(4)[..., 3])])
    yield "rgb.png", encoded(rgb, "PNG")
    yield "rgba.png", encoded(rgba, "PNG")
    yield "grey.png", encoded(grey, "PNG")
    yield "grey-alpha.png", encoded(grey_alpha, "PNG")
    yield "palette.png", encoded(palette, "PNG")
    yield "palette-4-bit.png", encoded(palette, "PNG", bits=4)
    yield "palette-transparent.png", encoded(palette, "PNG", transparency=3)
    yield "rgb-transparent.png", encoded(rgb, "PNG", transparency=tuple(int(v) for v in scene(3)[0, 0]))
    yield "1-bit.png", encoded(bits, "PNG")
    yield "grey-16.png", png16(0, 1)
    yield "grey-alpha-16.png", png16(4, 2)
    yield "rgb-16.png", png16(2, 3)
    yield "rgba-16.png", png16(6, 4)
    yield "rgb.bmp", encoded(rgb, "BMP")
    yield "grey.bmp", encoded(grey, "BMP")
    yield "palette.bmp", encoded(palette, "BMP")
    yield "1-bit.bmp", encoded(bits, "BMP")
    yield "lossless.webp", encoded(rgb, "WEBP", lossless=True)
    yield "lossless-alpha.webp", encoded(rgba, "WEBP", lossless=True, exact=True)
    yield "lossy.webp", encoded(rgb, "WEBP", quality=70)
    yield "444.jpg", encoded(rgb, "JPEG", quality=90, subsampling=0)
    yield "422.jpg", encoded(rgb, "JPEG", quality=90, subsampling=1)
    yield "420.jpg", encoded(rgb, "JPEG", quality=90, subsampling=2)
    yield "progressive.jpg", encoded(rgb, "JPEG", quality=90, progressive=True)
    yield "grey.jpg", encoded(grey, "JPEG", quality=90)
    yield "cmyk.jpg", encoded(rgb.convert("CMYK"), "JPEG", quality=90)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"turned-{orientation}.png", encoded(rgb, "PNG", exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "turned-6.jpg", encoded(rgb, "JPEG", quality=90, exif=exif)
    yield "turned-6.webp", encoded(rgb, "WEBP", lossless=True, exif=exif)


def described(name: str, data: bytes):
    rgb = rgb_of(data)
    return {
        "name": name,
        "file": base64.b64encode(data).decode(),
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "pixels": base64.b64encode(rgb.tobytes()).decode(),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps([described(*case) for case in cases()], indent=1) + "\n")
