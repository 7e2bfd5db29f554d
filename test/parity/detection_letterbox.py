"""Prints letterboxes as OpenCV resizes and pads them: raw RGB in, JSON of base64 out. Arguments: width height side, for each image."""

import base64
import json
import sys

import cv2
import numpy as np

results = []
for i in range(1, len(sys.argv), 3):
    width, height, side = map(int, sys.argv[i : i + 3])
    # A pattern that any language draws alike, with hard edges and slow changes.
    y, x = np.mgrid[:height, :width]
    image = np.stack([(x * 7 + y * 3) % 256, (x * y) % 256, ((x // 5 + y // 7) % 2) * 255], -1).astype(np.uint8)
    ratio = side / max(width, height)
    wide, high = max(round(width * ratio), 1), max(round(height * ratio), 1)
    resized = cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR)
    top, left = (side - high) // 2, (side - wide) // 2
    boxed = cv2.copyMakeBorder(
        resized, top, side - high - top, left, side - wide - left, cv2.BORDER_CONSTANT, value=(114, 114, 114)
    )
    results.append(base64.b64encode(boxed.tobytes()).decode())
print(json.dumps(results))
