"""SectionNetwork of super-resolution in PyTorch, as one would write it there: prints training samples a second.

Batches are random and made beforehand, so that PyTorch is not charged with drawing them. Forward, projected loss, backward, clipping,
AdamW and the running average of the weights are timed.
"""
import argparse
import contextlib
import os
import time

import torch
from torch import nn
from torch.nn import functional as F

p = argparse.ArgumentParser()
for name, kind in dict(type=str, batch=int, sections=int, width=int, pitch=int, stride=int, channels=str, blocks=str, warm=int, steps=int).items():
    p.add_argument(f"--{name}", type=kind, required=True)
a = p.parse_args()
# Debian's PyTorch starts with one thread on some machines; the comparison is with all processors.
torch.set_num_threads(len(os.sched_getaffinity(0)))
channels, blocks = [[int(v) for v in text.split(",")] for text in (a.channels, a.blocks)]


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.b(F.relu(self.a(x)))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(1, channels[0], (4, a.stride + 4), stride=(1, a.stride))
        self.down = nn.ModuleList(nn.Sequential(*[Residual(c) for _ in range(n)]) for c, n in zip(channels, blocks))
        pairs = list(zip(channels, channels[1:]))
        self.up = nn.ModuleList(nn.Sequential(*[Residual(c) for _ in range(n)]) for (c, _), n in zip(pairs, blocks))
        self.shrink = nn.ModuleList(nn.Conv2d(c, d, (3, 4), stride=(1, 2), padding=1) for c, d in pairs)
        self.grow = nn.ModuleList(nn.Conv2d(d, 2 * c, 3, padding=1) for c, d in pairs)
        self.merge = nn.ModuleList(nn.Conv2d(2 * c, c, 1) for c, _ in pairs)
        self.tail = nn.Conv2d(channels[0], a.pitch * a.stride, 3, padding=1)

    @staticmethod
    def spread(x, factor):  # columns out of channels
        n, c, h, w = x.shape
        return x.view(n, factor, c // factor, h, w).permute(0, 2, 3, 4, 1).reshape(n, c // factor, h, w * factor)

    def forward(self, sections, linear):
        x = self.head(F.pad(sections, (2, 2, 1, 2), mode="replicate"))
        kept = []
        for level, down in enumerate(self.down):
            x = down(x)
            if level < len(self.shrink):
                kept.append(x)
                x = self.shrink[level](x)
        for level in reversed(range(len(self.shrink))):
            x = self.up[level](self.merge[level](torch.cat([self.spread(self.grow[level](x), 2), kept[level]], 1)))
        x = self.spread(self.tail(x), a.stride).float()  # (N, pitch, n, W)
        n, _, h, w = x.shape
        return linear + x.permute(0, 2, 1, 3).reshape(n, 1, h * a.pitch, w)[:, :, : linear.shape[2]]


torch.manual_seed(1)
network = Network().to(memory_format=torch.channels_last)
average = [w.detach().clone() for w in network.parameters()]
optimiser = torch.optim.AdamW(network.parameters(), 2e-3, betas=(0.9, 0.99), weight_decay=0, foreach=True)
rows = (a.sections - 1) * a.pitch + 1
sections, linear, target = torch.randn(a.batch, 1, a.sections, a.width), torch.randn(a.batch, 1, rows, a.width), torch.randn(a.batch, 1, rows, a.width)
unknown = torch.ones(rows, 1)
unknown[:: a.pitch] = 0
started = 0.0
for step in range(a.steps):
    if step == a.warm:
        started = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16) if a.type == "bf16" else contextlib.nullcontext():
        restored = network(sections, linear)
    loss = (((restored - target) * unknown) ** 2).mean()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    with torch.no_grad():
        torch._foreach_mul_(average, 0.999)
        torch._foreach_add_(average, list(network.parameters()), alpha=0.001)
    loss.item()
print(a.batch * (a.steps - a.warm) / (time.perf_counter() - started))
