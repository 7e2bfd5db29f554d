"""Golden values of preprocessing: what Pillow and transformers' image processors make of small images drawn by a formula.

    python data_preprocess.py ../fixtures/data/preprocess.json   writes the fixture of the unit tests
    python data_preprocess.py --large DIR                        writes larger cases for the parity test
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.transforms.v2 import functional as tv
from transformers import BitImageProcessor, ConvNextImageProcessor, ViTImageProcessor
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}


def drawn(width: int, height: int) -> np.ndarray:
    """Full contrast between neighbours, so that clipping and rounding show; the tests draw the same."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * 7919 + y * 104729 + c * 1299709 + x * y * 31 + (x // 5) * (y // 3) * 4099) % 256).astype(np.uint8)


def pixels_of(processor, image: np.ndarray) -> np.ndarray:
    """Undoes rescaling by leaving it, and normalisation, out."""
    out = processor(Image.fromarray(image), do_rescale=False, do_normalize=False, return_tensors="np")
    return np.rint(out["pixel_values"][0].transpose(1, 2, 0)).astype(np.uint8)


def case(name, width, height, resize, crop, interpolation, processors):
    image = drawn(width, height)
    golden = {backend: pixels_of(processor, image) for backend, processor in processors.items()}
    return {
        "name": name,
        "width": width,
        "height": height,
        "preprocessing": {"resize": resize, "crop": crop, "interpolation": interpolation},
        **{backend: base64.b64encode(pixels.tobytes()).decode() for backend, pixels in golden.items()},
    }


def exact(interpolation, width, height, out_width, out_height):
    size = {"height": out_height, "width": out_width}
    options = {"size": size, "resample": RESAMPLE[interpolation]}
    processors = {"pillow": ViTImageProcessorPil(**options), "torchvision": ViTImageProcessor(**options)}
    resize = {"mode": "exact", **size}
    name = f"ViT {interpolation} {width}x{height} to {out_width}x{out_height}"
    return case(name, width, height, resize, None, interpolation, processors)


def shortest(interpolation, width, height, edge, crop):
    side = {"height": crop, "width": crop}
    options = {"size": {"shortest_edge": edge}, "crop_size": side, "resample": RESAMPLE[interpolation]}
    processors = {"pillow": BitImageProcessorPil(**options), "torchvision": BitImageProcessor(**options)}
    # The two backends pad an odd pixel on opposite sides; torchvision is the default one.
    if crop > edge and (crop - edge) % 2 == 1:
        del processors["pillow"]
    resize = {"mode": "shortest-edge", "edge": edge}
    name = f"Bit {interpolation} {width}x{height} to {edge}, crop {crop}"
    return case(name, width, height, resize, side, interpolation, processors)


def convnext(width, height, size):
    options = {"size": {"shortest_edge": size}, "crop_pct": 0.875, "resample": RESAMPLE["bicubic"]}
    processors = {"pillow": ConvNextImageProcessorPil(**options), "torchvision": ConvNextImageProcessor(**options)}
    resize = {"mode": "shortest-edge", "edge": int(size / 0.875)}
    side = {"height": size, "width": size}
    return case(f"ConvNext {width}x{height} to {size}", width, height, resize, side, "bicubic", processors)


def jittered():
    image = drawn(9, 7)
    tensor = tv.to_image(Image.fromarray(image))
    functions = {
        "brightness": tv.adjust_brightness,
        "contrast": tv.adjust_contrast,
        "saturation": tv.adjust_saturation,
    }
    return [
        {
            "property": name,
            "factor": factor,
            "pixels": base64.b64encode(function(tensor, factor).permute(1, 2, 0).contiguous().numpy().tobytes()).decode(),
        }
        for name, function in functions.items()
        for factor in (0.0, 0.6, 1.0, 1.35)
    ]


def small():
    cases = [exact(name, 37, 23, 12, 10) for name in RESAMPLE]
    cases += [exact(name, 7, 9, 16, 12) for name in RESAMPLE]
    cases += [exact("bicubic", 16, 12, 16, 8), exact("bilinear", 12, 16, 8, 16), exact("lanczos", 14, 11, 14, 11)]
    cases += [exact("nearest", 45, 30, 10, 12)]
    cases += [
        shortest("bicubic", 41, 29, 18, 14),
        shortest("bilinear", 29, 41, 17, 12),
        shortest("bicubic", 40, 13, 10, 10),
        shortest("bilinear", 33, 21, 10, 13),
        shortest("bicubic", 21, 33, 9, 13),
        convnext(50, 31, 14),
    ]
    return {"cases": cases, "jitter": jittered()}


def large():
    cases = [exact(name, 501, 375, 224, 224) for name in RESAMPLE]
    cases += [exact(name, 100, 75, 224, 160) for name in RESAMPLE]
    cases += [
        shortest("bicubic", 640, 427, 256, 224),
        shortest("bicubic", 333, 500, 256, 224),
        shortest("bilinear", 1280, 720, 232, 224),
        shortest("bicubic", 31, 700, 224, 224),
        convnext(500, 375, 224),
    ]
    return {"cases": cases}


if __name__ == "__main__":
    if sys.argv[1] == "--large":
        print(json.dumps(large()))
    else:
        Path(sys.argv[1]).write_text(json.dumps(small(), indent=1) + "\n")
