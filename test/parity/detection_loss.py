"""A reference of the detection loss in PyTorch, written densely after the papers (TOOD, Distance-IoU, Generalized Focal Loss).

`detection_loss.py FILE` writes the golden file of the unit tests; with `--ultralytics` it prints the losses that Ultralytics'
own criterion gives for the same cases, and its gradients.
"""

import argparse
import base64
import json
import math
from types import SimpleNamespace

import numpy as np
import torch

ALPHA, BETA = 0.5, 6.0
GAINS = {"box": 7.5, "classes": 0.5, "distances": 1.5}

# Boxes are [label, x1, y1, x2, y2] in pixels: overlapping ones, one that is thinner than a stride, one that covers everything, one
# that fits a single cell, an image without any, and one that is padding.
BOXES = [
    [[0, 4, 4, 44, 60], [1, 10, 8, 40, 50], [2, 30, 30, 63, 63], [0, 20, 2, 23, 60]],
    [],
    [[2, 0, 0, 64, 64], [1, 33, 33, 39, 39], [1, 50.5, 3.25, 60, 20]],
    [[0, 10, 10, 50, 50]],
]
WEIGHTS = [1, 1, 1, 0]
CASES = [
    {"name": "distribution", "classes": 3, "regMax": 8, "topk": 10, "kept": 10, "spread": 4.0, "offset": 0.0},
    {"name": "distances, one to many", "classes": 3, "regMax": 1, "topk": 10, "kept": 10, "spread": 3.0, "offset": 2.0},
    {"name": "distances, one to one", "classes": 3, "regMax": 1, "topk": 7, "kept": 1, "spread": 3.0, "offset": 2.0},
    {"name": "confident", "classes": 2, "regMax": 4, "topk": 10, "kept": 10, "spread": 40.0, "offset": 0.0},
]
SIZE = (64, 64)
STRIDES = [8, 16, 32]


def numbers(count, seed, spread, offset):
    """A linear congruential generator that any language repeats exactly."""
    state, values = seed, np.empty(count, np.float32)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values[i] = ((state >> 8) / 2**24 - 0.5) * spread + offset
    return values


def inputs(case):
    anchors = sum((SIZE[0] // s) * (SIZE[1] // s) for s in STRIDES)
    batch, bins, classes = len(BOXES), 4 * case["regMax"], case["classes"]
    boxes = numbers(batch * bins * anchors, 1, case["spread"], case["offset"]).reshape(batch, bins, anchors)
    scores = numbers(batch * classes * anchors, 2, case["spread"], -1.0).reshape(batch, classes, anchors)
    labels = [[[min(row[0], classes - 1), *row[1:]] for row in rows] for rows in BOXES]
    return torch.from_numpy(boxes), torch.from_numpy(scores), labels


def anchor_points():
    points, strides = [], []
    for stride in STRIDES:
        columns, rows = SIZE[0] // stride, SIZE[1] // stride
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        points.append((torch.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride)
        strides.append(torch.full((rows * columns, 1), float(stride)))
    return torch.cat(points), torch.cat(strides)


def complete_iou(p, t, eps=1e-7):
    pw, ph = p[..., 2] - p[..., 0], p[..., 3] - p[..., 1] + eps
    tw, th = t[..., 2] - t[..., 0], t[..., 3] - t[..., 1] + eps
    shared = (torch.minimum(p[..., 2], t[..., 2]) - torch.maximum(p[..., 0], t[..., 0])).clamp(0) * (
        torch.minimum(p[..., 3], t[..., 3]) - torch.maximum(p[..., 1], t[..., 1])
    ).clamp(0)
    iou = shared / (pw * ph + tw * th - shared + eps)
    around_w = torch.maximum(p[..., 2], t[..., 2]) - torch.minimum(p[..., 0], t[..., 0])
    around_h = torch.maximum(p[..., 3], t[..., 3]) - torch.minimum(p[..., 1], t[..., 1])
    apart = ((p[..., 0] + p[..., 2] - t[..., 0] - t[..., 2]) ** 2 + (p[..., 1] + p[..., 3] - t[..., 1] - t[..., 3]) ** 2) / 4
    v = 4 / math.pi**2 * (torch.atan(tw / th) - torch.atan(pw / ph)) ** 2
    alpha = (v / (v - iou + 1 + eps)).detach()
    return iou - apart / (around_w**2 + around_h**2 + eps) - v * alpha


def assign(predicted, probabilities, points, rows, case):
    """Dense: a matrix of boxes times anchors. Returns the box of each anchor (or -1) and its soft label."""
    truth = torch.tensor([row[1:] for row in rows])
    labels = [int(row[0]) for row in rows]
    middle, size = (truth[:, :2] + truth[:, 2:]) / 2, (truth[:, 2:] - truth[:, :2]).clamp(min=STRIDES[1])
    low, high = middle - size / 2, middle + size / 2
    inside = ((points[None] - low[:, None]).amin(-1) > 1e-9) & ((high[:, None] - points[None]).amin(-1) > 1e-9)
    overlap = complete_iou(predicted[None], truth[:, None]).clamp(0) * inside
    metric = probabilities[:, labels].T ** ALPHA * overlap**BETA
    owned = torch.zeros_like(metric, dtype=torch.bool)
    for target in range(len(rows)):
        best = metric[target].topk(case["topk"]).indices
        owned[target, best] = metric[target, best] > 0
    for anchor in (owned.sum(0) > 1).nonzero().flatten():
        owned[:, anchor] = False
        owned[overlap[:, anchor].argmax(), anchor] = True
    metric = metric * owned
    if case["kept"] != case["topk"]:
        for target in range(len(rows)):
            kept = torch.zeros_like(owned[target])
            kept[metric[target].topk(case["kept"]).indices] = True
            owned[target] &= kept
        metric = metric * owned
    scale = (overlap * owned).amax(1, keepdim=True) / (metric.amax(1, keepdim=True) + 1e-9)
    soft = (metric * scale).amax(0)
    target = torch.where(owned.any(0), owned.float().argmax(0), -1)
    return target, soft


def decode(boxes, points, strides, reg_max):
    """[anchors, 4 * regMax] to corners in pixels, and the distances in strides."""
    bins = boxes.view(-1, 4, reg_max)
    distances = bins.squeeze(-1) if reg_max == 1 else (bins.softmax(-1) * torch.arange(float(reg_max))).sum(-1)
    return torch.cat([points - distances[:, :2] * strides, points + distances[:, 2:] * strides], -1), distances


def loss(boxes, scores, labels, case):
    points, strides = anchor_points()
    reg_max, total, chosen = case["regMax"], 0.0, []
    for image, rows in enumerate(labels):
        if WEIGHTS[image] == 0:
            chosen.append(None)
            continue
        predicted, distances = decode(boxes[image].T, points, strides, reg_max)
        target, soft = torch.full((len(points),), -1), torch.zeros(len(points))
        if rows:
            with torch.no_grad():
                target, soft = assign(predicted, scores[image].T.sigmoid(), points, rows, case)
        total = total + soft.sum()
        chosen.append((predicted, distances, target, soft))
    total = max(float(total.detach()), 1.0)
    parts = {"box": 0.0, "classes": 0.0, "distances": 0.0}
    for image, rows in enumerate(labels):
        if chosen[image] is None:
            continue
        predicted, distances, target, soft = chosen[image]
        wanted = torch.zeros_like(scores[image])
        positive = (target >= 0).nonzero().flatten()
        if len(positive) > 0:
            truth = torch.tensor([rows[t] for t in target[positive].tolist()])
            wanted[truth[:, 0].long(), positive] = soft[positive]
            weight, stride, point = soft[positive], strides[positive], points[positive]
            parts["box"] += ((1 - complete_iou(predicted[positive], truth[:, 1:])) * weight).sum()
            sides = torch.cat([point - truth[:, 1:3], truth[:, 3:] - point], -1) / stride
            if reg_max == 1:
                unit = stride / torch.tensor([*SIZE, *SIZE])
                each = ((distances[positive] - sides).abs() * unit).mean(-1)
            else:
                sides = sides.clamp(0, reg_max - 1 - 0.01)
                left = sides.long()
                right = sides - left
                logs = boxes[image].T[positive].view(-1, 4, reg_max).log_softmax(-1)
                pick = lambda bin: logs.gather(-1, bin.unsqueeze(-1)).squeeze(-1)
                each = -(pick(left) * (1 - right) + pick(left + 1) * right).mean(-1)
            parts["distances"] += (each * weight).sum()
        parts["classes"] += torch.nn.functional.binary_cross_entropy_with_logits(scores[image], wanted, reduction="sum")
    return {name: part * GAINS[name] / total for name, part in parts.items()}


def ultralytics_loss(boxes, scores, labels, case):
    """The same from `ultralytics`, for the images that are no padding."""
    from ultralytics.utils.loss import v8DetectionLoss

    real = [image for image, weight in enumerate(WEIGHTS) if weight]
    head = SimpleNamespace(
        stride=torch.tensor(STRIDES, dtype=torch.float32),
        nc=case["classes"],
        no=case["classes"] + 4 * case["regMax"],
        reg_max=case["regMax"],
    )
    parameters = [torch.nn.Parameter(torch.zeros(1))]
    hyper = SimpleNamespace(box=GAINS["box"], cls=GAINS["classes"], dfl=GAINS["distances"], overlap_mask=False)

    class Model(torch.nn.Module):
        pass

    model = Model()
    model.weight = parameters[0]
    model.args, model.class_weights = hyper, None
    object.__setattr__(model, "model", [head])
    criterion = v8DetectionLoss(model, tal_topk=case["topk"], tal_topk2=case["kept"])
    rows = [(i, row) for i, image in enumerate(real) for row in labels[image]]
    corners = torch.tensor([row[1:] for _, row in rows]) / torch.tensor([*SIZE, *SIZE])
    centres = torch.cat([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], -1)
    batch = {
        "batch_idx": torch.tensor([float(i) for i, _ in rows]),
        "cls": torch.tensor([[float(row[0])] for _, row in rows]),
        "bboxes": centres,
    }
    feats = [torch.zeros(len(real), 1, SIZE[1] // s, SIZE[0] // s) for s in STRIDES]
    preds = {"boxes": boxes[real], "scores": scores[real], "feats": feats}
    parts, _ = criterion.loss(preds, batch)
    box, classes, distances = parts / len(real)
    return {"box": box, "classes": classes, "distances": distances}


def encoded(tensor):
    return base64.b64encode(tensor.numpy().astype("<f4").tobytes()).decode()


parser = argparse.ArgumentParser()
parser.add_argument("file", nargs="?")
parser.add_argument("--ultralytics", action="store_true")
options = parser.parse_args()
results = []
for case in CASES:
    boxes, scores, labels = inputs(case)
    boxes.requires_grad_()
    scores.requires_grad_()
    parts = (ultralytics_loss if options.ultralytics else loss)(boxes, scores, labels, case)
    sum(parts.values()).backward()
    results.append(
        {
            **case,
            "boxes": labels,
            "parts": {name: float(part.detach()) for name, part in parts.items()},
            "gradients": {"boxes": encoded(boxes.grad), "scores": encoded(scores.grad)},
        }
    )
golden = {"torch": torch.__version__, "size": SIZE, "strides": STRIDES, "weights": WEIGHTS, "cases": results}
if options.file is None:
    print(json.dumps(golden))
else:
    with open(options.file, "w") as file:
        file.write(json.dumps(golden, indent=1) + "\n")
