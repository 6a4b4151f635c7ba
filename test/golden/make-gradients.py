#!/usr/bin/env python3
"""Golden values of forward results and gradients, computed by PyTorch in double precision.

    python3 test/golden/make-gradients.py > test/golden/gradients.json

Needs PyTorch 1.13 or newer (Debian: python3-torch). Every case has inputs, the result y of a function of them, and the gradients
of L = sum(r * y) by each input named in "gradients". The graph that Retort differentiates for a case of the same name is in
test/support/golden-graphs.ts. The same script gives the same bytes on the same version of PyTorch.
"""

import json
import sys

import torch
import torch.nn.functional as F
from torch.nn.utils.stateless import functional_call

torch.set_default_dtype(torch.float64)
torch.manual_seed(20260101)


def draw(*dims, scale=1.0):
    """Inputs are short decimals, so that the file holds exactly what was computed with."""
    return torch.round(torch.randn(*dims) * scale * 1000) / 1000


def rms_norm(x, scale, epsilon):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * scale


def encoder_layer(x, in_w, in_b, out_w, out_b, g1, b1, w1, c1, w2, c2, g2, b2, keep):
    """PyTorch's own encoder layer (post-norm, exact GELU), two heads, padding masked."""
    width, hidden = x.shape[-1], w1.shape[0]
    layer = torch.nn.TransformerEncoderLayer(
        width, 2, hidden, dropout=0.0, activation="gelu", batch_first=True, layer_norm_eps=1e-5
    ).train()
    parameters = {
        "self_attn.in_proj_weight": in_w, "self_attn.in_proj_bias": in_b,
        "self_attn.out_proj.weight": out_w, "self_attn.out_proj.bias": out_b,
        "linear1.weight": w1, "linear1.bias": c1, "linear2.weight": w2, "linear2.bias": c2,
        "norm1.weight": g1, "norm1.bias": b1, "norm2.weight": g2, "norm2.bias": b2,
    }
    return functional_call(layer, parameters, (x,), {"src_key_padding_mask": keep == 0})


def cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels.long(), label_smoothing=0.1).reshape(1)


W = 8  # width of the encoder layer
CASES = {
    # Convolutions: name of the case, its inputs, the function.
    "conv1d": ((draw(2, 3, 9), draw(4, 3, 3), draw(4)), lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1)),
    "conv1d-dilated": ((draw(2, 2, 8), draw(3, 2, 2)), lambda x, w: F.conv1d(x, w, dilation=3, padding=2)),
    "conv1d-same": ((draw(1, 2, 6), draw(2, 2, 4)), lambda x, w: F.conv1d(x, w, padding="same")),
    "conv2d": ((draw(2, 2, 6, 5), draw(3, 2, 3, 2), draw(3)), lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 0))),
    "conv2d-grouped": (
        (draw(2, 4, 5, 5), draw(6, 2, 2, 3), draw(6)),
        lambda x, w, b: F.conv2d(x, w, b, stride=(1, 2), padding=(0, 2), dilation=(2, 1), groups=2),
    ),
    "conv2d-depthwise": ((draw(1, 3, 5, 4), draw(3, 1, 3, 3)), lambda x, w: F.conv2d(x, w, padding=1, groups=3)),
    "conv-transpose2d": (
        (draw(1, 4, 3, 3), draw(4, 2, 3, 2), draw(4)),
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=(1, 0), output_padding=(1, 0), groups=2),
    ),
    # Pools.
    "max-pool1d": ((draw(2, 2, 7),), lambda x: F.max_pool1d(x, 3, stride=2, padding=1)),
    "max-pool2d-ceil": ((draw(1, 2, 6, 6),), lambda x: F.max_pool2d(x, (3, 2), stride=2, ceil_mode=True)),
    "average-pool1d": ((draw(2, 2, 7),), lambda x: F.avg_pool1d(x, 3, stride=2, padding=1, count_include_pad=False)),
    "average-pool2d": ((draw(1, 2, 5, 6),), lambda x: F.avg_pool2d(x, (2, 3), stride=(1, 2), padding=(1, 1))),
    "average-pool2d-ceil": (
        (draw(1, 2, 6, 6),),
        lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
    ),
    "global-average-pool": ((draw(2, 3, 4, 2),), lambda x: F.adaptive_avg_pool2d(x, 1)),
    "global-max-pool": ((draw(2, 3, 4, 2),), lambda x: F.adaptive_max_pool2d(x, 1)),
    # Products.
    "einsum-attention": ((draw(2, 3, 2, 4), draw(2, 5, 2, 4)), lambda q, k: torch.einsum("bqhd,bkhd->bhqk", q, k)),
    "einsum-ellipsis": ((draw(2, 3, 4), draw(4, 2)), lambda x, w: torch.einsum("...i,ij->...j", x, w)),
    "einsum-three": (
        (draw(2, 3), draw(3, 4), draw(4, 2)),
        lambda a, b, c: torch.einsum("ij,jk,kl->li", a, b, c),
    ),
    # Normalisations.
    "layer-norm": ((draw(2, 3, 5), draw(5), draw(5)), lambda x, g, b: F.layer_norm(x, (5,), g, b, 1e-5)),
    "layer-norm-two-axes": ((draw(3, 2, 4), draw(2, 4), draw(2, 4)), lambda x, g, b: F.layer_norm(x, (2, 4), g, b, 1e-3)),
    "rms-norm": ((draw(2, 3, 5), draw(5)), lambda x, g: rms_norm(x, g, 1e-5)),
    "batch-norm": (
        (draw(2, 3, 4), draw(3), draw(3), draw(3), draw(3).abs() + 0.5),
        lambda x, g, b, m, v: F.batch_norm(x, m, v, g, b, False, 0.0, 1e-3),
    ),
    "instance-norm": ((draw(2, 3, 5), draw(3), draw(3)), lambda x, g, b: F.instance_norm(x, None, None, g, b, eps=1e-3)),
    "group-norm": ((draw(2, 4, 3), draw(4), draw(4)), lambda x, g, b: F.group_norm(x, 2, g, b, 1e-3)),
    # Activations, reductions, losses.
    "gelu": ((draw(3, 7, scale=2),), F.gelu),
    "gelu-tanh": ((draw(3, 7, scale=2),), lambda x: F.gelu(x, approximate="tanh")),
    "softmax": ((draw(3, 5),), lambda x: F.softmax(x, 1)),
    "logsumexp": ((draw(3, 5),), lambda x: torch.logsumexp(x, 1)),
    "product": ((draw(3, 4) * torch.tensor([1.0, 0.0, 1.0, 1.0]),), lambda x: torch.prod(x, 1)),
    "cumulative-sum": ((draw(3, 4),), lambda x: torch.cumsum(x, 1)),
    "cross-entropy": ((draw(4, 5, scale=2), torch.tensor([3.0, 0.0, 4.0, 1.0])), cross_entropy),
    # A whole layer.
    "encoder-layer": (
        (
            draw(2, 5, W), draw(3 * W, W, scale=0.3), draw(3 * W, scale=0.1), draw(W, W, scale=0.3), draw(W, scale=0.1),
            1 + draw(W, scale=0.1), draw(W, scale=0.1), draw(12, W, scale=0.3), draw(12, scale=0.1),
            draw(W, 12, scale=0.3), draw(W, scale=0.1), 1 + draw(W, scale=0.1), draw(W, scale=0.1),
            torch.tensor([[1.0, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
        ),
        encoder_layer,
    ),
}

# Inputs by position that no gradient is asked of: labels, masks, and what PyTorch has none for.
FIXED = {"batch-norm": {3, 4}, "cross-entropy": {1}, "encoder-layer": {13}}


def tensor(value):
    flat = value.detach().reshape(-1).tolist()
    return {"dims": list(value.shape), "data": [float("%.7g" % x) for x in flat]}


def golden(name, inputs, function):
    leaves = [x.clone().requires_grad_(i not in FIXED.get(name, set())) for i, x in enumerate(inputs)]
    y = function(*leaves)
    r = draw(*y.shape)
    (y * r).sum().backward()
    return {
        "inputs": [tensor(x) for x in leaves],
        "r": tensor(r),
        "y": tensor(y),
        "gradients": [None if x.grad is None else tensor(x.grad) for x in leaves],
    }


cases = {name: golden(name, inputs, function) for name, (inputs, function) in CASES.items()}
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in cases.items())
sys.stdout.write(f'{{"torch": {json.dumps(torch.__version__)}, "cases": {{\n{lines}\n}}}}\n')
