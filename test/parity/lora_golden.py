"""Writes test/fixtures/lora/<case>/: adapters as peft saves them for a small model of every kind of layer, and in weights.safetensors
the base weights and what `merge_and_unload` makes of them. Also targets.json: what peft's matching rules choose."""

import json
import logging
import os
import pathlib
import shutil
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import check_target_module_exists
from peft.utils.other import get_pattern_key
from safetensors.torch import save_file
from torch import nn
from transformers import ResNetConfig, ResNetForImageClassification, ViTConfig, ViTForImageClassification

warnings.simplefilter("ignore")
logging.disable()
OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "lora"


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(7, 6)
        self.stem = nn.Conv2d(2, 4, 3)
        self.point = nn.Conv2d(4, 5, 1)
        self.block = nn.ModuleList([nn.ModuleDict({"q": nn.Linear(6, 5), "v": nn.Linear(6, 4)}) for _ in range(2)])
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(5, 3))


def trained(config):
    torch.manual_seed(3)
    model = Small()
    base = {name: value.clone() for name, value in model.state_dict().items()}
    peft = get_peft_model(model, config)
    for name, value in peft.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            value.data = value.data + 0.5 * torch.randn_like(value)
    return base, peft


def case(name, **options):
    base, peft = trained(LoraConfig(lora_alpha=6, **{"r": 2, **options}))
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    peft.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink()
    # A set in peft: sorted, so that running this again changes nothing.
    written = json.loads((folder / "adapter_config.json").read_text())
    written["target_modules"].sort()
    (folder / "adapter_config.json").write_text(json.dumps(written, indent=2) + "\n")
    torch.manual_seed(3)
    # Loaded again, because saving sorts the keys of the patterns, and of two that match the first one counts.
    merged = PeftModel.from_pretrained(Small(), folder).merge_and_unload().state_dict()
    tensors = {f"base.{key}": value for key, value in base.items()}
    tensors |= {f"merged.{key}": value.contiguous() for key, value in merged.items() if not torch.equal(value, base[key])}
    save_file(tensors, folder / "weights.safetensors")


EVERY = ["words", "stem", "point", "q", "v"]
case("patterns", target_modules=EVERY, modules_to_save=["classifier"], rank_pattern={"block.1.v": 3, "stem": 1}, alpha_pattern={"^block.0.q": 1.5, "(q|v)": 4})
case("rslora", target_modules=["q", "stem"], use_rslora=True, r=4)
case("dora", target_modules=EVERY, use_dora=True)

VIT = ViTForImageClassification(ViTConfig(hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=8, image_size=8, patch_size=4))
RESNET = ResNetForImageClassification(ResNetConfig(embedding_size=4, hidden_sizes=[4, 8], depths=[2, 1], layer_type="basic"))


def matched(model_name, **options):
    """What peft adapts among the layers it could adapt, with rank and alpha."""
    model = {"vit": VIT, "resnet": RESNET}[model_name]
    config = LoraConfig(r=2, lora_alpha=6, **options)
    layers = {name: module for name, module in model.named_modules() if isinstance(module, (nn.Linear, nn.Conv2d, nn.Embedding))}
    chosen = {}
    for name in layers:
        found = check_target_module_exists(config, name)
        if found and type(found).__name__ != "_ExcludedModule":
            rank = config.rank_pattern.get(get_pattern_key(config.rank_pattern.keys(), name), config.r)
            alpha = config.alpha_pattern.get(get_pattern_key(config.alpha_pattern.keys(), name), config.lora_alpha)
            chosen[name] = [rank, alpha]
    return {"model": model_name, "options": options, "chosen": chosen}


def described(module):
    if isinstance(module, nn.Conv2d):
        return {"kind": "conv2d", "inFeatures": module.in_channels, "outFeatures": module.out_channels, "kernel": module.kernel_size,
                "stride": module.stride, "dilation": module.dilation, "groups": module.groups}
    return {"kind": "linear", "inFeatures": module.in_features, "outFeatures": module.out_features}


def modules(model):
    return [{"path": name} | described(module) for name, module in model.named_modules() if isinstance(module, (nn.Linear, nn.Conv2d))]


cases = [
    matched("vit", target_modules=["q_proj", "v_proj"]),
    matched("vit", target_modules=["attention.o_proj", "vit.layers.1.mlp.fc1"]),
    matched("vit", target_modules=["fc1", "classifier"], exclude_modules=["layers.0.mlp.fc1", "classifier"]),
    matched("vit", target_modules=["q_proj", "fc2"], layers_to_transform=[0, 2]),
    matched("vit", target_modules=r".*\.(?P<layer>[12])\.attention\.(q|k)_proj"),
    matched("vit", target_modules=["q_proj", "k_proj", "fc1"], rank_pattern={"q_proj": 4, r"layers\.0\.attention\.k_proj": 1, "layers.[12].mlp.fc1": 3},
            alpha_pattern={"^vit.layers.1.attention.q_proj": 1, "attention.(q|k)_proj": 2}),
    matched("resnet", target_modules=["convolution"]),
    matched("resnet", target_modules=["convolution"], layers_to_transform=[1]),
    matched("resnet", target_modules=["layer.0.convolution", "classifier.1"], rank_pattern={"stages.1.*convolution": 5}),
]
(OUT / "targets.json").write_text(json.dumps({"modules": {"vit": modules(VIT), "resnet": modules(RESNET)}, "cases": cases}) + "\n")
