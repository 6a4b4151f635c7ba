"""Trains one reference shape and prints what it cost as JSON: train.py '{"shape": {…}, "steps": 20, "warmUp": 5, "threads": 2}'."""

import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

from models import build
from row_adam import RowAdam

LEARNING_RATE = 1e-4
WEIGHT_DECAY = 0.01
CLIP_NORM = 1.0
LAMBDA, TEMPERATURE = 0.3, 2.0
EXTENT = 1024


def loss_of(logits, labels, teacher):
    """λ·CE + (1 - λ)·T²·KL, the mean over the rows (Hinton et al. 2015)."""
    target = F.log_softmax(teacher / TEMPERATURE, 1)
    student = F.log_softmax(logits / TEMPERATURE, 1)
    divergence = F.kl_div(student, target, reduction="batchmean", log_target=True)
    return LAMBDA * F.cross_entropy(logits, labels) + (1 - LAMBDA) * TEMPERATURE**2 * divergence


def optimizers_of(model):
    """AdamW, and for tables with sparse gradients Adam on the rows that the batch touched."""
    tables = [m.weight for m in model.modules() if getattr(m, "sparse", False)]
    is_table = {id(table) for table in tables}
    rest = [p for p in model.parameters() if id(p) not in is_table]
    groups = [
        {"params": [p for p in rest if p.dim() > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in rest if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return [torch.optim.AdamW(groups, lr=LEARNING_RATE, foreach=True), RowAdam(tables, lr=LEARNING_RATE)]


def sum_repeated_rows(gradient):
    """The gradient of a table with one row for each that the batch touched. coalesce() does the same, more slowly."""
    rows, places = torch.unique(gradient._indices()[0], return_inverse=True)
    values = gradient._values()
    sums = torch.zeros(len(rows), values.shape[1]).index_add_(0, places, values)
    return torch.sparse_coo_tensor(rows.unsqueeze(0), sums, gradient.shape)


def clip(parameters):
    """clip_grad_norm_ for dense and sparse gradients."""
    gradients = []
    for parameter in parameters:
        if parameter.grad.is_sparse:
            parameter.grad = sum_repeated_rows(parameter.grad)
            gradients.append(parameter.grad._values())
        else:
            gradients.append(parameter.grad)
    norm = torch.stack([g.norm() for g in gradients]).norm().item()
    if norm > CLIP_NORM:
        torch._foreach_mul_(gradients, CLIP_NORM / norm)


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def sgemm():
    """GFLOP/s of PyTorch's own product of two 1024 x 1024 matrices. Fails where the BLAS kernel computes wrongly."""
    a, b = torch.randn(EXTENT, EXTENT), torch.randn(EXTENT, EXTENT)
    exact = a.double() @ b.double()
    error = ((a @ b).double() - exact).abs().max() / exact.abs().max()
    if not error < 1e-5:
        sys.exit(f"The BLAS kernel is wrong: a product of 1024 x 1024 matrices has the relative error {error.item():.1e}.")
    rates = []
    for _ in range(18):
        begun = time.perf_counter()
        a @ b
        rates.append(2 * EXTENT**3 / (time.perf_counter() - begun) / 1e9)
    return rates[3:]


def peak_rss_bytes():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    job = json.loads(sys.argv[1])
    shape = job["shape"]
    torch.set_num_threads(job["threads"])
    torch.manual_seed(1)
    model = build(shape).train()
    optimizers = optimizers_of(model)
    parameters = list(model.parameters())
    before = sgemm()

    count = shape["batch"] * (job["warmUp"] + job["steps"])
    all_ids = torch.randint(shape["vocabulary"], (count, shape["tokens"]))
    all_labels = torch.randint(shape["classes"], (count,))
    all_teacher = 3 * torch.randn(count, shape["classes"])
    order = torch.randperm(count).split(shape["batch"])

    steps = []
    for rows in order:
        begun = time.perf_counter()
        ids, labels, teacher = all_ids[rows], all_labels[rows], all_teacher[rows]
        loss = loss_of(model(ids, torch.ones_like(ids)), labels, teacher)
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip(parameters)
        for optimizer in optimizers:
            optimizer.step()
        if not torch.isfinite(loss):
            sys.exit("The loss is not finite.")
        steps.append(1000 * (time.perf_counter() - begun))
    peak = peak_rss_bytes()
    print(
        json.dumps(
            {
                "stepsMs": steps[job["warmUp"] :],
                "sgemmGflops": before + sgemm(),
                "peakRssBytes": peak,
                "parameters": sum(p.numel() for p in parameters),
                "version": torch.__version__,
            }
        )
    )


main()
