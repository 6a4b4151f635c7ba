"""
Makes train-steps.json: ten training steps of a small classifier for several optimizers and schedules, in PyTorch and float64, an
implementation that shares nothing with the engine. packages/learn/src/training/golden.test.ts compares weights and losses.

    python3 test/golden/train-steps.py > test/golden/train-steps.json

Made with PyTorch 1.13 (Debian's python3-torch). The moving average is computed by its definition, as a weighted mean over all steps.
"""

import json
import math

import torch
from torch.nn import functional as F

VOCABULARY, WIDTH, CLASSES, ROWS, TOKENS, STEPS = 9, 5, 3, 6, 4, 10
# Every row of the table has a gradient in every step, so that lazily updated rows are those of a dense update.
IDS = [[1, 2, 2, 3], [4, 5, 6, 7], [1, 1, 1, 1], [3, 7, 8, 8], [6, 2, 5, 8], [0, 4, 4, 0]]
LABELS = [0, 1, 2, -1, 1, 2]
MOMENTUM, EPSILON = 0.9, 1e-8


def noise(count, seed):
    return [math.sin((i + 1) * 12.9898 + seed * 78.233) for i in range(count)]


def start():
    values = {
        "table": torch.tensor(noise(VOCABULARY * WIDTH, 1)).reshape(VOCABULARY, WIDTH),
        "scale": 1 + 0.3 * torch.tensor(noise(WIDTH, 2)),
        "shift": 0.3 * torch.tensor(noise(WIDTH, 3)),
        "kernel": torch.tensor(noise(WIDTH * CLASSES, 4)).reshape(WIDTH, CLASSES),
        "bias": torch.tensor(noise(CLASSES, 5)),
    }
    # Rounded to float32, where the engine starts from, then kept in doubles.
    return {name: v.float().double().requires_grad_() for name, v in values.items()}


def loss_of(w, smoothing):
    bags = w["table"][torch.tensor(IDS)].sum(1)
    normed = F.layer_norm(bags, (WIDTH,), w["scale"], w["shift"], 1e-5)
    logits = normed @ w["kernel"] + w["bias"]
    total = F.cross_entropy(
        logits, torch.tensor(LABELS), ignore_index=-1, reduction="sum", label_smoothing=smoothing
    )
    return total / ROWS


def lambda_of(schedule, warmup):
    rising = math.ceil(warmup * STEPS)

    def factor(step):
        if step < rising:
            return (step + 1) / rising
        p = (step - rising) / max(1, STEPS - rising)
        return {"constant": 1, "linear": 1 - p, "cosine": (1 + math.cos(math.pi * p)) / 2}[schedule]

    return factor


def run(training, smoothing=0.0):
    w = start()
    rate, decay = training["learningRate"], training["weightDecay"]
    groups = [
        {"params": [w["table"], w["kernel"]], "weight_decay": decay},
        {"params": [w["scale"], w["shift"], w["bias"]], "weight_decay": 0},
    ]
    if training["optimizer"] == "adamw":
        optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.999), eps=EPSILON)
    else:
        optimizer = torch.optim.SGD(groups, lr=rate, momentum=training["momentum"], nesterov=training["nesterov"])
    if training["schedule"] == "one-cycle":
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=rate, total_steps=STEPS, pct_start=training["warmup"], cycle_momentum=False
        )
    else:
        factor = lambda_of(training["schedule"], training["warmup"])
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    losses, states = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(w, smoothing)
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(w.values()), training["clipNorm"])
        optimizer.step()
        schedule.step()
        states.append({name: v.detach().clone() for name, v in w.items()})
    d = training["averageDecay"]
    shares = [d ** (STEPS - 1 - i) if d > 0 else float(i == STEPS - 1) for i in range(STEPS)]
    weights = {
        name: (sum(share * state[name] for share, state in zip(shares, states)) / sum(shares)).flatten().tolist()
        for name in w
    }
    return {"training": training, "labelSmoothing": smoothing, "losses": losses, "weights": weights}


def training(optimizer, learning_rate, schedule, **changes):
    base = {
        "optimizer": optimizer,
        "learningRate": learning_rate,
        "schedule": schedule,
        "momentum": MOMENTUM,
        "nesterov": False,
        "weightDecay": 0.1,
        "clipNorm": 0.5,
        "warmup": 0.25,
        "averageDecay": 0,
    }
    return {**base, **changes}


CASES = {
    "AdamW, one-cycle": run(training("adamw", 0.05, "one-cycle", warmup=0.3)),
    "AdamW, cosine, averaged": run(training("adamw", 0.05, "cosine", averageDecay=0.8)),
    "AdamW, constant, labels smoothed": run(training("adamw", 0.05, "constant", warmup=0), smoothing=0.2),
    "SGD with momentum, cosine": run(training("sgd", 0.2, "cosine")),
    "SGD with momentum, one-cycle, averaged": run(training("sgd", 0.3, "one-cycle", warmup=0.4, averageDecay=0.7)),
    "SGD with Nesterov's momentum, linear": run(training("sgd", 0.2, "linear", nesterov=True)),
    "SGD without momentum, linear, unclipped": run(training("sgd", 0.5, "linear", momentum=0.0, clipNorm=1e6)),
}


def rounded(value):
    return float(f"{value:.9g}")


def compact(case):
    case["losses"] = [rounded(x) for x in case["losses"]]
    case["weights"] = {name: [rounded(x) for x in values] for name, values in case["weights"].items()}
    return case


print("{")
print(",\n".join(f"  {json.dumps(name)}: {json.dumps(compact(case))}" for name, case in CASES.items()))
print("}")
