"""lora_names.py ADAPTER: loads it onto a model in which some paths end as others do, and prints the rank that peft gives each module."""

import json
import sys
import warnings

from peft import PeftModel
from torch import nn

warnings.simplefilter("error")
warnings.simplefilter("ignore", FutureWarning)


def block():
    return nn.ModuleDict({"fc": nn.Linear(9, 6)})


model = nn.ModuleDict({"fc": nn.Linear(9, 6), "a": block(), "b": block(), "c": block()})
peft = PeftModel.from_pretrained(model, sys.argv[1])
print(json.dumps({name.split("base_model.model.")[1]: module.r["default"] for name, module in peft.named_modules() if hasattr(module, "lora_A")}))
