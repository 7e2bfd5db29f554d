"""Predictions and true boxes with the figures that pycocotools and, where it is installed, Ultralytics give for them.

`detection_metrics.py FILE` writes the golden file of the unit tests; without a file it prints a larger set.
"""

import contextlib
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SIDE = 200
CLASSES = 5


def drawn(images, seed):
    """Detections near true boxes, more often right where they are sure; some of another class, some of nothing, some twice."""
    random = np.random.default_rng(seed)
    result = []
    for image in range(images):
        # The last class is never there, the one before it never found.
        labels = random.integers(0, CLASSES - 1, random.integers(0, 9))
        size = random.uniform(8, 90, (len(labels), 2))
        corner = random.uniform(0, SIDE - size)
        boxes = np.concatenate([corner, corner + size], 1)
        found = []
        for label, box in zip(labels, boxes):
            for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
                sure = random.uniform(0.05, 1)
                wide = (box[2:] - box[:2]).tolist() * 2
                own = int(label) if random.uniform() < 0.85 else int(random.integers(0, CLASSES))
                if own != CLASSES - 2:
                    found.append((sure, own, box + random.normal(0, 0.16 * (1.1 - sure), 4) * wide))
        # One image has more detections of a class than COCO looks at.
        for _ in range(130 if image == 3 else int(random.integers(0, 4))):
            low = random.uniform(0, SIDE - 30, 2)
            own = 0 if image == 3 else int(random.integers(0, CLASSES - 2))
            found.append((random.uniform(0.01, 0.5), own, np.concatenate([low, low + random.uniform(5, 30, 2)])))
        # Scores without ties: their order would be nobody's decision.
        found = sorted(((round(float(s), 5), l, b) for s, l, b in found), key=lambda row: -row[0])
        result.append(
            {
                "labels": labels.tolist(),
                "boxes": np.round(boxes, 2).tolist(),
                "crowds": (random.uniform(size=len(labels)) < 0.15).astype(int).tolist(),
                "found": [{"score": s, "label": l, "box": np.round(b, 2).tolist()} for s, l, b in found],
            }
        )
    return result


def wide(box):
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def coco(images, crowds):
    truth, found = [], []
    for index, image in enumerate(images):
        for label, box, crowd in zip(image["labels"], image["boxes"], image["crowds"]):
            area = (box[2] - box[0]) * (box[3] - box[1])
            truth.append(
                dict(id=len(truth) + 1, image_id=index, category_id=label, bbox=wide(box), area=area, iscrowd=crowd if crowds else 0)
            )
        for one in image["found"]:
            found.append(dict(image_id=index, category_id=one["label"], bbox=wide(one["box"]), score=one["score"]))
    with contextlib.redirect_stdout(io.StringIO()):
        given = COCO()
        given.dataset = dict(
            info={},
            images=[dict(id=i) for i in range(len(images))],
            categories=[dict(id=c) for c in range(CLASSES)],
            annotations=truth,
        )
        given.createIndex()
        evaluation = COCOeval(given, given.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    # [limits, recalls, classes, areas, numbers of detections] → [classes][limits]
    precision = evaluation.eval["precision"][:, :, :, 0, 2].mean(1).T
    return {
        "map": evaluation.stats[0],
        "map50": evaluation.stats[1],
        "perClass": [None if (row < 0).any() else row.tolist() for row in precision],
    }


def ultralytics(images):
    import torch
    from ultralytics.engine.validator import BaseValidator
    from ultralytics.utils.metrics import ConfusionMatrix, ap_per_class, box_iou

    validator = BaseValidator.__new__(BaseValidator)
    validator.iouv = torch.linspace(0.5, 0.95, 10)
    confusion = ConfusionMatrix(names={i: str(i) for i in range(CLASSES)}, task="detect")
    right, scores, labels, targets = [], [], [], []
    for image in images:
        truth = torch.tensor(image["boxes"]).reshape(-1, 4)
        boxes = torch.tensor([one["box"] for one in image["found"]]).reshape(-1, 4)
        own = torch.tensor([one["label"] for one in image["found"]], dtype=torch.long)
        there = torch.tensor(image["labels"], dtype=torch.long)
        score = torch.tensor([one["score"] for one in image["found"]])
        if len(there) and len(own):
            right.append(validator.match_predictions(own, there, box_iou(truth, boxes)).numpy())
        else:
            right.append(np.zeros((len(own), 10), bool))
        scores.append(score.numpy())
        labels.append(own.numpy())
        targets.append(there.numpy())
        confusion.process_batch({"cls": own, "conf": score, "bboxes": boxes}, {"cls": there, "bboxes": truth}, conf=0.25)
    right, scores, labels, targets = (np.concatenate(part) for part in (right, scores, labels, targets))
    _, _, p, r, f1, ap, classes, _, _, _, _, curves = ap_per_class(right, scores, labels, targets)
    return {
        "classes": classes.tolist(),
        "precision": p.tolist(),
        "recall": r.tolist(),
        "f1": f1.tolist(),
        "ap": ap.tolist(),
        "precisionAtRecall": np.round(curves[:, ::50], 6).tolist(),
        "confusion": confusion.matrix.tolist(),
    }


images = drawn(14, 5) if len(sys.argv) > 1 else drawn(300, 6)
golden = {
    "images": images,
    "coco": coco(images, False),
    "cocoWithCrowds": coco(images, True),
    "ultralytics": ultralytics(images),
}
if len(sys.argv) > 1:
    with open(sys.argv[1], "w") as file:
        file.write(json.dumps(golden) + "\n")
else:
    print(json.dumps(golden))
