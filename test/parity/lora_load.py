"""lora_load.py FOLDER [BASE ADAPTER MERGED]...: loads each adapter with PeftModel.from_pretrained onto its base, and the same base with the weights
of MERGED put into it by hand, and prints what differs as JSON: logits, keys that peft misses or does not know, warnings."""

import json
import pathlib
import sys
import warnings

import torch
from peft import PeftModel
from peft.utils.save_and_load import load_peft_weights, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForImageClassification
from transformers.utils import logging

logging.set_verbosity_error()
folder = pathlib.Path(sys.argv[1])
results = []
for base, adapter, merged in zip(*[iter(sys.argv[2:])] * 3):
    torch.manual_seed(5)
    weights = load_file(folder / merged)
    classes = weights["classifier.1.weight" if base == "resnet" else "classifier.weight"].shape[0]

    def model():
        return AutoModelForImageClassification.from_pretrained(folder / base, num_labels=classes, ignore_mismatched_sizes=True).eval()

    by_hand = model()
    outcome = by_hand.load_state_dict(weights, strict=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        peft = PeftModel.from_pretrained(model(), folder / adapter).eval()
    again = set_peft_model_state_dict(peft, load_peft_weights(str(folder / adapter), device="cpu"))
    side = getattr(peft.config, "image_size", 32)
    images = torch.randn(4, 3, side, side)
    with torch.no_grad():
        ours, theirs, untouched = (m(pixel_values=images).logits for m in (by_hand, peft, model()))
    adapted = sorted({name.split("base_model.model.")[1].split(".lora_A")[0] for name, _ in peft.named_modules() if name.endswith(".lora_A")})
    results.append({
        "adapter": adapter,
        "difference": (ours - theirs).abs().max().item(),
        "change": (untouched - theirs).abs().max().item() if classes == 5 else None,
        "adapted": adapted,
        "missing": [key for key in again.missing_keys if "lora_" in key or "modules_to_save" in key],
        "unexpected": again.unexpected_keys + outcome.unexpected_keys,
        "warnings": [str(w.message) for w in caught if "peft" in w.filename and not issubclass(w.category, FutureWarning)],
    })
print(json.dumps(results))
