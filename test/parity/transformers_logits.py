"""transformers_logits.py REQUESTS: what Python says of models and adapters.

REQUESTS is a JSON file, a list of {"base", "pixels", "adapter"?, "classes"?}: a model directory, a safetensors file with `pixel_values`,
an adapter directory that PeftModel.from_pretrained puts onto the base, the number of classes if not the base's own. Prints a list of
{"logits", "adapted": paths of layers that carry LoRA, "missing", "unexpected": keys, "warnings"}, computed in float64.
"""

import json
import sys
import warnings

import torch
from peft import PeftModel
from peft.utils.save_and_load import load_peft_weights, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForImageClassification
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()


def load(base, classes):
    torch.manual_seed(3)
    changes = {} if classes is None else {'num_labels': classes, 'ignore_mismatched_sizes': True}
    return AutoModelForImageClassification.from_pretrained(base, dtype=torch.float32, **changes)


def answer(base, pixels, adapter=None, classes=None):
    model = load(base, classes)
    outcome = {'adapted': [], 'missing': [], 'unexpected': [], 'warnings': []}
    if adapter is not None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            model = PeftModel.from_pretrained(model, adapter)
        # Loaded once more by hand: from_pretrained tells what is missing in a warning of words alone.
        loaded = set_peft_model_state_dict(model, load_peft_weights(adapter, device='cpu'))
        paths = {path.removeprefix('base_model.model.').split('.lora_A')[0] for path, _ in model.named_parameters() if '.lora_A' in path}
        outcome = {
            'adapted': sorted(paths),
            'missing': [key for key in loaded.missing_keys if 'lora_' in key or 'modules_to_save' in key],
            'unexpected': loaded.unexpected_keys,
            'warnings': [str(w.message) for w in caught if 'peft' in w.filename and w.category is not FutureWarning],
        }
    with torch.no_grad():
        logits = model.eval().double()(pixel_values=load_file(pixels)['pixel_values'].double()).logits
    return {'logits': logits.tolist(), **outcome}


with open(sys.argv[1], encoding='utf-8') as file:
    requests = json.load(file)
print(json.dumps([answer(**request) for request in requests]))
