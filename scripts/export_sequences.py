#!/usr/bin/python3
"""Exports networks over sequences as ONNX files: encoders, relative positions, recurrent layers, one-token decoders.

Random weights from a fixed seed, batch 1, float32, operator set 14. No generated network of latcast's is built by this
code: it judges what was learnt from those. Needs PyTorch (scripts/setup.sh --networks) and no network.
"""

import argparse
import math
import pathlib
import sys
import warnings

parser = argparse.ArgumentParser(description="Export networks over sequences as ONNX files.")
parser.add_argument("folder", type=pathlib.Path, help="where the files go; those that are there are kept")
FOLDER = parser.parse_args().folder

try:
    import torch
    from torch import nn
except ImportError as error:
    sys.exit(f"{error}: run scripts/setup.sh --networks, and this script with /usr/bin/python3")

SEED = 1
OPERATOR_SET = 14


class FeedForward(nn.Module):
    def __init__(self, width, hidden, relu=False):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.ReLU() if relu else nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x):
        return self.layers(x)


class Attention(nn.Module):
    """Positions: None; "shift" as Transformer-XL's; "gather" as DeBERTa's; "bias" as T5's."""

    def __init__(self, width, heads, length, positions):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads, self.length, self.positions = heads, length, positions
        size = width // heads
        if positions in ("shift", "gather"):
            self.r = nn.Linear(width, width)
            self.register_buffer("places", torch.randn(2 * length, width))
        if positions == "shift":
            self.content, self.place = (nn.Parameter(torch.randn(heads, 1, size)) for _ in range(2))
        if positions == "gather":
            steps = torch.arange(length)
            self.register_buffer("index", (steps[:, None] - steps[None, :] + length).view(1, 1, length, length))
        if positions == "bias":
            self.bias = nn.Embedding(32, heads)
            self.register_buffer("bucket", torch.randint(0, 32, (length, length)))

    def split(self, x):
        return x.view(1, -1, self.heads, x.shape[-1] // self.heads).transpose(1, 2)

    def scores(self, q, k):
        if self.positions == "shift":
            n = self.length
            r = self.r(self.places).view(2 * n, self.heads, -1)
            moved = torch.einsum("bhid,jhd->bhij", q + self.place, r)
            moved = moved.reshape(1, self.heads, 2 * n, n)[:, :, 1:].reshape(1, self.heads, n, 2 * n - 1)[..., :n]
            return torch.einsum("bhid,bhjd->bhij", q + self.content, k) + moved
        scores = q @ k.transpose(-1, -2)
        if self.positions == "gather":
            far = q @ self.split(self.r(self.places)[None]).transpose(-1, -2)
            scores = scores + torch.gather(far, 3, self.index.expand(1, self.heads, self.length, self.length))
        if self.positions == "bias":
            scores = scores + self.bias(self.bucket).permute(2, 0, 1)[None]
        return scores

    def forward(self, x):
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        mixed = (self.scores(q, k) / math.sqrt(q.shape[-1])).softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class Encoder(nn.Module):
    def __init__(self, width, heads, layers, length, positions=None, relu=False, pre_norm=False):
        super().__init__()
        self.words, self.places = nn.Embedding(5000, width), nn.Embedding(length, width)
        self.register_buffer("steps", torch.arange(length))
        self.attentions = nn.ModuleList(Attention(width, heads, length, positions) for _ in range(layers))
        self.feeds = nn.ModuleList(FeedForward(width, 4 * width, relu) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * layers))
        self.out, self.pre_norm = nn.Linear(width, 2), pre_norm

    def forward(self, ids):
        x = self.words(ids) + self.places(self.steps)
        for i, (attention, feed) in enumerate(zip(self.attentions, self.feeds)):
            first, second = self.norms[2 * i], self.norms[2 * i + 1]
            if self.pre_norm:
                x = x + attention(first(x))
                x = x + feed(second(x))
            else:
                x = second((y := first(x + attention(x))) + feed(y))
        return self.out(x[:, 0])


class Recurrent(nn.Module):
    def __init__(self, kind, inputs, hidden, layers, both_ways=False):
        super().__init__()
        self.words = nn.Embedding(2000, inputs)
        self.layers = getattr(nn, kind)(inputs, hidden, layers, batch_first=True, bidirectional=both_ways)
        self.out = nn.Linear(hidden * (2 if both_ways else 1), 50)

    def forward(self, ids):
        return self.out(self.layers(self.words(ids))[0])


class DilatedConvolutions(nn.Module):
    def __init__(self, channels, layers):
        super().__init__()
        self.words = nn.Embedding(1000, channels)
        dilations = [2 ** (i % 4) for i in range(layers)]
        self.layers = nn.ModuleList(nn.Conv1d(channels, 2 * channels, 3, padding=d, dilation=d) for d in dilations)
        self.out = nn.Linear(channels, 10)

    def forward(self, ids):
        x = self.words(ids).transpose(1, 2)
        for layer in self.layers:
            value, gate = layer(x).chunk(2, 1)
            x = x + torch.tanh(value) * torch.sigmoid(gate)
        return self.out(x.mean(-1))


class DecoderStep(nn.Module):
    """One token; keys and values of those before it are inputs and come back longer."""

    def __init__(self, width, heads, layers, words):
        super().__init__()
        self.words, self.heads = nn.Embedding(words, width), heads
        self.qkv = nn.ModuleList(nn.Linear(width, 3 * width) for _ in range(layers))
        self.mix = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.feeds = nn.ModuleList(FeedForward(width, 4 * width) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * layers))
        self.out = nn.Linear(width, words, bias=False)

    def forward(self, ids, *cache):
        x, longer = self.words(ids), []
        for i, (qkv, mix, feed) in enumerate(zip(self.qkv, self.mix, self.feeds)):
            parts = qkv(self.norms[2 * i](x)).chunk(3, -1)
            q, k, v = (part.view(1, 1, self.heads, -1).transpose(1, 2) for part in parts)
            if cache:
                k, v = torch.cat([cache[2 * i], k], 2), torch.cat([cache[2 * i + 1], v], 2)
            scores = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
            x = x + mix((scores @ v).transpose(1, 2).reshape(x.shape))
            x = x + feed(self.norms[2 * i + 1](x))
            longer += [k, v]
        return (self.out(x), *longer)


ENCODERS = {
    "bert_tiny16": (128, 2, 2, 16), "bert_tiny128": (128, 2, 2, 128), "bert_mini8": (256, 4, 4, 8),
    "bert_mini64": (256, 4, 4, 64), "bert_small32": (512, 8, 4, 32), "distil16": (768, 12, 6, 16),
    "minilm128": (384, 6, 6, 128, None, False, True), "xl32": (512, 8, 4, 32, "shift"),
    "xl64": (256, 4, 6, 64, "shift"), "xl128": (384, 6, 4, 128, "shift"), "deberta64": (256, 4, 4, 64, "gather"),
    "deberta128": (384, 6, 4, 128, "gather"), "t5enc20": (512, 8, 6, 20, "bias", True, True),
    "t5enc64": (256, 8, 4, 64, "bias", True, True),
}
RECURRENT = {
    "gru128x50": (50, "GRU", 128, 128, 1), "gru300x20": (20, "GRU", 300, 300, 1), "gru512x30": (30, "GRU", 256, 512, 2),
    "bigru96x120": (120, "GRU", 64, 96, 2, True), "lstm256x40": (40, "LSTM", 128, 256, 1),
    "bilstm256x24": (24, "LSTM", 256, 256, 2, True),
}
# width, heads, layers, words, tokens before
DECODERS = [
    (128, 4, 4, 2000, 0), (128, 4, 4, 2000, 256), (256, 8, 6, 4000, 64), (256, 8, 4, 4000, 1024), (512, 8, 6, 8000, 0),
    (512, 8, 6, 8000, 512), (768, 12, 4, 10000, 128), (1024, 16, 2, 8000, 2048), (2048, 16, 1, 4000, 32),
    (2048, 32, 2, 2000, 1024),
]


def networks():
    """(name, a call that makes the network and its arguments)"""

    def ids(length):
        return torch.randint(0, 1000, (1, length))

    for name, (width, heads, layers, length, *more) in ENCODERS.items():
        yield name, lambda: (Encoder(width, heads, layers, length, *more), (ids(length),))
    for name, (length, *spec) in RECURRENT.items():
        yield name, lambda: (Recurrent(*spec), (ids(length),))
    yield "wavenet64", lambda: (DilatedConvolutions(64, 8), (ids(200),))
    for width, heads, layers, words, past in DECODERS:
        cache = [(1, heads, past, width // heads)] * (2 * layers if past else 0)
        yield f"dec{width}_{layers}_{past}", lambda: (
            DecoderStep(width, heads, layers, words), (ids(1), *(torch.randn(shape) for shape in cache)))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore")
    for name, make in networks():
        file = FOLDER / f"{name}.onnx"
        if file.exists():
            continue
        torch.manual_seed(SEED)
        network, arguments = make()
        part = file.with_suffix(".part")
        with torch.no_grad():
            torch.onnx.export(network.eval(), arguments, str(part), opset_version=OPERATOR_SET)
        part.replace(file)
    print(f"{len(list(FOLDER.glob('*.onnx')))} networks in {FOLDER}")


if __name__ == "__main__":
    main()
