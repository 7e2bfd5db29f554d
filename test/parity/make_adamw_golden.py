"""Writes test/fixtures/trainer/adamw.json: five steps of torch.optim.AdamW after torch.nn.utils.clip_grad_norm_."""

import json
from pathlib import Path

import torch

LEARNING_RATES = [1e-3, 2e-3, 3e-3, 2e-3, 1e-3]
MAX_NORM = 1.0
# Group: times the learning rate, weight decay.
GROUPS = [("layer.lora_A.weight", 7, 1.0, 0.1), ("layer.lora_B.weight", 5, 16.0, 0.1), ("head.bias", 3, 1.0, 0.0)]

torch.manual_seed(0)
parameters = [torch.nn.Parameter(torch.randn(size)) for _, size, _, _ in GROUPS]
start = [p.detach().tolist() for p in parameters]
optimizer = torch.optim.AdamW(
    [{"params": [p], "weight_decay": g[3]} for p, g in zip(parameters, GROUPS)], lr=1.0, foreach=False
)
steps = []
for index, rate in enumerate(LEARNING_RATES):
    # The third step's gradients are small enough not to be clipped, the fourth's are nearly nothing.
    size = [3.0, 1.0, 0.05, 1e-8, 30.0][index]
    gradients = [torch.randn_like(p) * size for p in parameters]
    for p, g in zip(parameters, gradients):
        p.grad = g.clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, MAX_NORM).item()
    for group, (_, _, scale, _) in zip(optimizer.param_groups, GROUPS):
        group["lr"] = rate * scale
    optimizer.step()
    steps.append(
        {
            "learningRate": rate,
            "gradients": [g.tolist() for g in gradients],
            "norm": norm,
            "parameters": [p.detach().tolist() for p in parameters],
        }
    )

golden = {
    "torch": torch.__version__,
    "maxNorm": MAX_NORM,
    "groups": [{"name": n, "learningRateScale": s, "weightDecay": w} for n, _, s, w in GROUPS],
    "start": start,
    "steps": steps,
    "averages": [
        {"exp_avg": optimizer.state[p]["exp_avg"].tolist(), "exp_avg_sq": optimizer.state[p]["exp_avg_sq"].tolist()}
        for p in parameters
    ],
}
path = Path(__file__).parents[1] / "fixtures" / "trainer" / "adamw.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(golden) + "\n")
