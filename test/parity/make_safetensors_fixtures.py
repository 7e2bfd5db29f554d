"""Writes test/fixtures/formats/*.safetensors with the reference implementation (safetensors + torch).

every-dtype: one tensor of each dtype that Lowrank reads; element i of each is i - 2 (unsigned: i; bool: i is odd).
canonical: what `writeSafetensors` must reproduce byte for byte.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

out = Path(__file__).parent.parent / "fixtures" / "formats"
signed = torch.arange(6).reshape(2, 3) - 2
unsigned = torch.arange(6).reshape(2, 3)
every = {
    "f64": signed.to(torch.float64),
    "f32": signed.to(torch.float32),
    "f16": signed.to(torch.float16),
    "bf16": signed.to(torch.bfloat16),
    "i64": signed.to(torch.int64),
    "i32": signed.to(torch.int32),
    "i8": signed.to(torch.int8),
    "u32": unsigned.to(torch.uint32),
    "u8": unsigned.to(torch.uint8),
    "bool": unsigned % 2 == 1,
    "scalar": torch.tensor(7.0),
    "empty": torch.zeros(0, 4),
}
save_file(every, out / "every-dtype.safetensors", metadata={"format": "pt"})
canonical = {name: every[name].clone() for name in ["u8", "f32", "bool", "i64", "f16", "i8", "i32", "u32", "scalar", "empty"]}
canonical["größe"] = torch.ones(3)
save_file(canonical, out / "canonical.safetensors", metadata={"format": "pt"})
