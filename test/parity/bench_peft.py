"""One fine-tuning step of PyTorch and peft: images of bytes on the host, forward, loss, backward, AdamW.

    python bench_peft.py --model DIR|mobilenet_v3_small --method lora|full --targets qv|all|last2 --batch 16 --rank 8

Prints one JSON line: images_per_second and step_ms (of the median step), seconds_to_first_step (from process start, with
imports and loading, to the first finished step), peak_rss_mb. DIR is a model of make_fixtures.py --real.
"""

import argparse
import json
import os
import resource
import statistics
import time


def process_start():
    """Seconds since the epoch at which this process began; elsewhere than on Linux, the interpreter's own start."""
    try:
        with open('/proc/self/stat', encoding='ascii') as file:
            ticks = int(file.read().rsplit(')', 1)[1].split()[19])
        with open('/proc/uptime', encoding='ascii') as file:
            uptime = float(file.read().split()[0])
        return time.time() - uptime + ticks / os.sysconf('SC_CLK_TCK')
    except OSError:
        return time.time()


STARTED = process_start()
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--model', required=True)
parser.add_argument('--method', choices=['lora', 'full'], default='lora')
parser.add_argument('--targets', choices=['qv', 'all', 'last2'], default='all')
parser.add_argument('--rank', type=int, default=8)
parser.add_argument('--batch', type=int, default=16)
parser.add_argument('--size', type=int, default=224)
parser.add_argument('--steps', type=int, default=20)
parser.add_argument('--warmup', type=int, default=3)
parser.add_argument('--threads', type=int, default=2)
parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
parser.add_argument('--precision', choices=['fp32', 'tf32', 'bf16', 'fp16'], default='fp32')
parser.add_argument('--compile', action='store_true')
arguments = parser.parse_args()
# Before torch is imported: its thread pools read these once.
os.environ.update(OMP_NUM_THREADS=str(arguments.threads), MKL_NUM_THREADS=str(arguments.threads), HF_HUB_OFFLINE='1')

import torch  # noqa: E402
from torch import nn  # noqa: E402


def load(model):
    """The model and the path of its head."""
    if os.path.isdir(model):
        import transformers

        loaded = transformers.AutoModelForImageClassification.from_pretrained(model)
        return loaded, 'classifier'
    import torchvision

    return torchvision.models.get_model(model, weights=None, num_classes=10), 'classifier.3'


def targets(model, head, which):
    """Module paths: query and value, every layer but the head, or every layer of the last two of the blocks."""
    paths = [
        path
        for path, module in model.named_modules()
        # Grouped and depthwise convolutions are left out, as Lowrank does.
        if (isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1))
        and not path.startswith(head)
    ]
    if which == 'qv':
        return [path for path in paths if path.endswith(('q_proj', 'v_proj', 'query', 'value'))]
    if which == 'last2':
        last = model.config.num_hidden_layers
        return [path for path in paths if f'.{last - 1}.' in path or f'.{last - 2}.' in path]
    return paths


def freeze_batch_norm(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def main():
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model, head = load(arguments.model)
    if arguments.method == 'lora':
        import peft

        chosen = targets(model, head, arguments.targets)
        config = peft.LoraConfig(
            r=arguments.rank, lora_alpha=2 * arguments.rank, target_modules=chosen, modules_to_save=[head]
        )
        model = peft.get_peft_model(model, config)
    model.train()
    freeze_batch_norm(model)
    on_gpu = arguments.device == 'cuda'
    model.to(arguments.device)
    if arguments.precision == 'tf32':
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    half = {'bf16': torch.bfloat16, 'fp16': torch.float16}.get(arguments.precision)
    scaler = torch.amp.GradScaler(arguments.device, enabled=arguments.precision == 'fp16')
    run = torch.compile(model) if arguments.compile else model
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-3)
    images = torch.randint(0, 256, (arguments.batch, 3, arguments.size, arguments.size), dtype=torch.uint8)
    labels = torch.randint(0, 10, (arguments.batch,))
    if on_gpu:
        images, labels = images.pin_memory(), labels.pin_memory()

    def step():
        pixels = images.to(arguments.device, non_blocking=True).float() / 127.5 - 1
        with torch.autocast(arguments.device, half, enabled=half is not None):
            output = run(pixels)
            logits = output.logits if hasattr(output, 'logits') else output
            loss = nn.functional.cross_entropy(logits, labels.to(arguments.device, non_blocking=True))
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        # Waits for the GPU, as a loop that shows its loss does.
        return loss.item()

    step()
    first = time.time() - STARTED
    for _ in range(arguments.warmup):
        step()
    times = []
    for _ in range(arguments.steps):
        before = time.perf_counter()
        step()
        times.append(time.perf_counter() - before)
    print(
        json.dumps(
            {
                'images_per_second': round(arguments.batch / statistics.median(times), 2),
                'step_ms': round(1000 * statistics.median(times), 1),
                'seconds_to_first_step': round(first, 2),
                # Kilobytes on Linux; macOS counts bytes.
                'peak_rss_mb': round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                'trainable_parameters': sum(p.numel() for p in trainable),
                'steps': arguments.steps,
                **{
                    k: getattr(arguments, k) for k in (
                        'model',
                        'method',
                        'targets',
                        'rank',
                        'batch',
                        'size',
                        'threads',
                        'device',
                        'precision',
                        'compile',
                    )
                },
            }
        )
    )


main()
