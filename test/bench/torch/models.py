"""The reference shapes as PyTorch modules, written for PyTorch's speed on a CPU."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class EncoderLayer(nn.Module):
    """One post-LayerNorm layer of BERT: [batch, tokens, width] to the same shape."""

    def __init__(self, width, heads, intermediate):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.up = nn.Linear(width, intermediate)
        self.down = nn.Linear(intermediate, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, mask):
        x = self.attention_norm(x + self.output(self.attend(x, mask)))
        return self.norm(x + self.down(F.gelu(self.up(x))))

    def attend(self, x, mask):
        """mask is [batch · heads, 1, tokens]: it is added by the product that makes the scores."""
        batch, tokens, width = x.shape
        head = width // self.heads
        # One copy brings the heads to the front; q, k and v are then views of [batch · heads, tokens, head].
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, head).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.reshape(3, batch * self.heads, tokens, head).unbind(0)
        scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=1 / math.sqrt(head))
        context = torch.bmm(scores.softmax(-1), v)
        return context.view(batch, self.heads, tokens, head).transpose(1, 2).reshape(batch, tokens, width)


class Encoder(nn.Module):
    """BERT without its pooler; the masked mean over the tokens is classified."""

    def __init__(self, shape, positions, types=0, normalize=False):
        super().__init__()
        width = shape["width"]
        self.heads = shape["heads"]
        self.normalize = normalize
        self.word = nn.Embedding(shape["vocabulary"], width, sparse=True)
        self.position = nn.Parameter(0.02 * torch.randn(positions, width))
        self.segment = nn.Parameter(0.02 * torch.randn(types, width)) if types else None
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(
            EncoderLayer(width, self.heads, shape["intermediate"]) for _ in range(shape["layers"])
        )
        self.classifier = nn.Linear(width, shape["classes"])
        nn.init.normal_(self.word.weight, std=0.02)

    def forward(self, ids, attention_mask):
        tokens = ids.shape[1]
        keep = attention_mask.float()
        mask = ((1 - keep) * -1e9).repeat_interleave(self.heads, 0).unsqueeze(1)
        embedded = self.word(ids) + self.position[:tokens]
        if self.segment is not None:
            embedded = embedded + self.segment[0]
        x = self.norm(embedded)
        for layer in self.layers:
            x = layer(x, mask)
        weights = keep / keep.sum(1, keepdim=True).clamp(min=1)
        pooled = torch.bmm(weights.unsqueeze(1), x).squeeze(1)
        return self.classifier(F.normalize(pooled, dim=1) if self.normalize else pooled)


class Static(nn.Module):
    """A bag of hashed character n-grams, a hidden layer, a classifier."""

    def __init__(self, shape):
        super().__init__()
        self.low, self.high = shape["minGram"], shape["maxGram"]
        self.rows = largest_prime(shape["buckets"])
        orders = self.high - self.low + 1
        width = shape["width"]
        self.table = nn.EmbeddingBag(self.rows, width, mode="sum", sparse=True)
        self.norm = nn.LayerNorm(orders * width)
        self.hidden = nn.Linear(orders * width, shape["hidden"])
        self.output = nn.Linear(shape["hidden"], shape["classes"])
        coefficients = torch.randint(1, self.rows, (self.high, orders))
        for order in range(orders):
            coefficients[self.low + order :, order] = 0
        self.register_buffer("coefficients", coefficients)
        nn.init.normal_(self.table.weight, std=0.1)

    def forward(self, ids, attention_mask):
        batch, tokens = ids.shape
        padded = F.pad(ids * attention_mask, (1, self.high - 1))
        windows = padded.unfold(1, self.high, 1)[:, :tokens]
        # [batch, tokens, orders], one sum over the windows for each order, as a bag for each text and order.
        hashes = sum(windows[:, :, i : i + 1] * self.coefficients[i] for i in range(self.high)) % self.rows
        orders = hashes.shape[2]
        bags = hashes.transpose(1, 2).reshape(batch * orders, tokens)
        weights = attention_mask.float().repeat_interleave(orders, 0)
        summed = self.table(bags, per_sample_weights=weights).view(batch, -1)
        return self.output(F.relu(self.hidden(self.norm(summed))))


def largest_prime(at_most):
    return next(n for n in range(at_most, 1, -1) if all(n % d for d in range(2, math.isqrt(n) + 1)))


def build(shape):
    family = shape["family"]
    if family == "static":
        return Static(shape)
    if family == "minilm":
        return Encoder(shape, positions=512, types=2, normalize=True)
    return Encoder(shape, positions=shape["tokens"])
