"""lora_bases.py FOLDER: small random models of transformers as FOLDER/<base>/, their modules as <base>.json, their weights as
<base>.safetensors under their module names, and adapters that peft trained on them as <base>-<case>/."""

import json
import pathlib
import sys
import warnings

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import nn
from transformers import ResNetConfig, ResNetForImageClassification, ViTConfig, ViTForImageClassification
from transformers.utils import logging

warnings.simplefilter("ignore")
logging.set_verbosity_error()
folder = pathlib.Path(sys.argv[1])

CONFIGS = {
    "vit": (ViTForImageClassification, ViTConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, image_size=16, patch_size=8, num_labels=5)),
    "resnet": (ResNetForImageClassification, ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_labels=5)),
}
LAYERS = {"vit": ["q_proj", "fc1", "projection"], "resnet": ["convolution"]}
CASES = {
    "plain": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "patterns": {},
}
PATTERNS = {
    "vit": {"rank_pattern": {"q_proj": 3}, "alpha_pattern": {"fc1": 1}},
    "resnet": {"rank_pattern": {"layer.0.convolution": 2}, "alpha_pattern": {"stages.1.*": 20}},
}


def described(module):
    if isinstance(module, nn.Conv2d):
        return {"kind": "conv2d", "inFeatures": module.in_channels, "outFeatures": module.out_channels, "kernel": module.kernel_size,
                "stride": module.stride, "dilation": module.dilation, "groups": module.groups}
    return {"kind": "linear", "inFeatures": module.in_features, "outFeatures": module.out_features}


def train(model, peft):
    """A few steps that move every trained tensor."""
    side = getattr(model.config, "image_size", 32)
    images = torch.randn(8, 3, side, side)
    optimizer = torch.optim.AdamW([p for p in peft.parameters() if p.requires_grad], lr=0.02)
    # Frozen statistics, as Lowrank trains.
    peft.eval()
    for step in range(4):
        loss = peft(pixel_values=images, labels=torch.arange(8) % 5).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


for name, (kind, config) in CONFIGS.items():
    torch.manual_seed(1)
    model = kind(config)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    model.save_pretrained(folder / name)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    save_file(state, folder / f"{name}.safetensors")
    modules = [{"path": path} | described(module) for path, module in model.named_modules() if isinstance(module, (nn.Linear, nn.Conv2d))]
    (folder / f"{name}.json").write_text(json.dumps(modules))
    for case, options in CASES.items():
        options = PATTERNS[name] if case == "patterns" else options
        model = kind.from_pretrained(folder / name)
        peft = get_peft_model(model, LoraConfig(**{"r": 4, "lora_alpha": 6, "target_modules": LAYERS[name], "modules_to_save": ["classifier"], **options}))
        train(model, peft)
        peft.save_pretrained(folder / f"{name}-{case}")
