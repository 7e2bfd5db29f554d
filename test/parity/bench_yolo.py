"""One fine-tuning step of Ultralytics' detectors: images of bytes on the host, forward, loss, backward, AdamW; with peft or of all weights.

    python bench_yolo.py --model yolo11n.pt --method lora|full --batch 8 --size 640 --rank 8

Prints one JSON line as bench_peft.py does. peft adapts every convolution of one group; its BatchNorms are frozen, those of full
fine-tuning learn, as each is used.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import time

STARTED = time.time()
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--model', required=True)
parser.add_argument('--method', choices=['lora', 'full'], default='lora')
parser.add_argument('--rank', type=int, default=8)
parser.add_argument('--batch', type=int, default=8)
parser.add_argument('--size', type=int, default=640)
parser.add_argument('--steps', type=int, default=4)
parser.add_argument('--warmup', type=int, default=1)
parser.add_argument('--threads', type=int, default=2)
arguments = parser.parse_args()
# Before torch is imported: its thread pools read these once. Nothing is fetched and nothing is reported.
os.environ.update(OMP_NUM_THREADS=str(arguments.threads), MKL_NUM_THREADS=str(arguments.threads))
os.environ.update(YOLO_OFFLINE='true', YOLO_AUTOINSTALL='false', YOLO_VERBOSE='false')
os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp(prefix='lowrank-ultralytics-'))

import torch  # noqa: E402
from torch import nn  # noqa: E402
from ultralytics import YOLO  # noqa: E402
from ultralytics.utils import DEFAULT_CFG  # noqa: E402

BOXES = 7


def main():
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = YOLO(arguments.model).model.float()
    model.args = DEFAULT_CFG
    model.train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = '.dfl' not in name
    criterion = model.init_criterion()
    if arguments.method == 'lora':
        import peft

        chosen = [
            name
            for name, module in model.named_modules()
            if isinstance(module, nn.Conv2d) and module.groups == 1 and 'dfl' not in name
        ]
        config = peft.LoraConfig(r=arguments.rank, lora_alpha=2 * arguments.rank, target_modules=chosen)
        model = peft.get_peft_model(model, config).base_model.model
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-3)
    size = arguments.size
    images = torch.randint(0, 256, (arguments.batch, 3, size, size), dtype=torch.uint8)
    count = arguments.batch * BOXES
    targets = {
        'batch_idx': torch.arange(arguments.batch).repeat_interleave(BOXES).float(),
        'cls': torch.randint(0, 80, (count, 1)).float(),
        'bboxes': torch.rand(count, 4) * 0.3 + 0.2,
    }

    def step():
        pixels = images.float() / 255
        losses, _ = criterion(model.predict(pixels), {'img': pixels, **targets})
        optimizer.zero_grad(set_to_none=True)
        losses.sum().backward()
        torch.nn.utils.clip_grad_norm_(trainable, 10)
        optimizer.step()

    step()
    first = time.time() - STARTED
    for _ in range(arguments.warmup):
        step()
    times = []
    for _ in range(arguments.steps):
        before = time.perf_counter()
        step()
        times.append(time.perf_counter() - before)
    median = statistics.median(times)
    figures = {
        'images_per_second': round(arguments.batch / median, 2),
        'step_ms': round(1000 * median, 1),
        'seconds_to_first_step': round(first, 2),
        # Kilobytes on Linux; macOS counts bytes.
        'peak_rss_mb': round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        'trainable_parameters': sum(parameter.numel() for parameter in trainable),
    }
    print(json.dumps({**figures, **vars(arguments)}))


main()
