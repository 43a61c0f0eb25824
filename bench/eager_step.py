#!/usr/bin/python3
"""YOLOv8n in plain eager PyTorch (NCHW), timed on the work of qatelier-bench's rows train.surrogate and inference.*.

Prints rows {"name", "value", "unit", "baseline", "ratio"} as JSON. Needs Debian's python3-torch.
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CLASSES = 80
REG_MAX = 16
STRIDES = (8, 16, 32)
PARAMETERS = 3157200
BATCH, TRAIN_SIZE, INFERENCE_SIZE = 4, 320, 640


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))

    def fold(self):
        self.conv = fuse_conv_bn_eval(self.conv, self.bn)
        self.bn = nn.Identity()


class Bottleneck(nn.Module):
    def __init__(self, channels, shortcut):
        super().__init__()
        self.cv1 = Conv(channels, channels, 3)
        self.cv2 = Conv(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C2f(nn.Module):
    def __init__(self, inputs, outputs, repeats, shortcut):
        super().__init__()
        half = outputs // 2
        self.cv1 = Conv(inputs, 2 * half)
        self.cv2 = Conv((2 + repeats) * half, outputs)
        self.m = nn.ModuleList(Bottleneck(half, shortcut) for _ in range(repeats))

    def forward(self, x):
        parts = list(self.cv1(x).chunk(2, 1))
        for bottleneck in self.m:
            parts.append(bottleneck(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class SPPF(nn.Module):
    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.cv1 = Conv(channels, half)
        self.cv2 = Conv(4 * half, channels)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        parts = [self.cv1(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class Detect(nn.Module):
    """Maps while training; in evaluation boxes (centre, size) in pixels and scores, [N, 4 + classes, anchors]."""

    def __init__(self, widths):
        super().__init__()
        box = max(16, widths[0] // 4, 4 * REG_MAX)
        score = max(widths[0], min(CLASSES, 100))
        self.cv2 = nn.ModuleList(self.branch(width, box, 4 * REG_MAX) for width in widths)
        self.cv3 = nn.ModuleList(self.branch(width, score, CLASSES) for width in widths)
        self.dfl = nn.Conv2d(REG_MAX, 1, 1, bias=False).requires_grad_(False)
        self.dfl.weight.data[:] = torch.arange(REG_MAX, dtype=torch.float32).view(1, REG_MAX, 1, 1)
        for stride, boxes, scores in zip(STRIDES, self.cv2, self.cv3):
            boxes[-1].bias.data[:] = 1.0
            scores[-1].bias.data[:] = torch.log(torch.tensor(5 / CLASSES / (640 / stride) ** 2))

    @staticmethod
    def branch(inputs, width, outputs):
        return nn.Sequential(Conv(inputs, width, 3), Conv(width, width, 3), nn.Conv2d(width, outputs, 1))

    def forward(self, features):
        maps = [torch.cat((boxes(x), scores(x)), 1) for x, boxes, scores in zip(features, self.cv2, self.cv3)]
        return maps if self.training else self.decode(maps)

    def decode(self, maps):
        points, strides = self.anchors(maps)
        flat = torch.cat([m.flatten(2) for m in maps], 2)
        sides, scores = flat.split((4 * REG_MAX, CLASSES), 1)
        count, _, anchors = sides.shape
        sides = sides.view(count, 4, REG_MAX, anchors).transpose(1, 2).softmax(1)
        left_top, right_bottom = self.dfl(sides).view(count, 4, anchors).chunk(2, 1)
        low, high = points - left_top, points + right_bottom
        boxes = torch.cat(((low + high) / 2, high - low), 1) * strides
        return torch.cat((boxes, scores.sigmoid()), 1)

    @staticmethod
    def anchors(maps):
        points, strides = [], []
        for stride, m in zip(STRIDES, maps):
            height, width = m.shape[2:]
            y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
            points.append(torch.stack((x.flatten(), y.flatten())))
            strides.append(torch.full((1, height * width), float(stride)))
        return torch.cat(points, 1), torch.cat(strides, 1)


class YoloV8n(nn.Module):
    def __init__(self):
        super().__init__()
        up = nn.Upsample(scale_factor=2, mode="nearest")
        self.model = nn.ModuleList([
            Conv(3, 16, 3, 2), Conv(16, 32, 3, 2), C2f(32, 32, 1, True), Conv(32, 64, 3, 2), C2f(64, 64, 2, True),
            Conv(64, 128, 3, 2), C2f(128, 128, 2, True), Conv(128, 256, 3, 2), C2f(256, 256, 1, True), SPPF(256),
            up, C2f(384, 128, 1, False), up, C2f(192, 64, 1, False), Conv(64, 64, 3, 2), C2f(192, 128, 1, False),
            Conv(128, 128, 3, 2), C2f(384, 256, 1, False), Detect((64, 128, 256))])

    def forward(self, x):
        m = self.model
        for layer in m[:5]:
            x = layer(x)
        p3 = x
        p4 = m[6](m[5](p3))
        p5 = m[9](m[8](m[7](p4)))
        n4 = m[11](torch.cat((m[10](p5), p4), 1))
        out3 = m[13](torch.cat((m[12](n4), p3), 1))
        out4 = m[15](torch.cat((m[14](out3), n4), 1))
        out5 = m[17](torch.cat((m[16](out4), p5), 1))
        return m[18]([out3, out4, out5])

    def fold(self):
        self.eval()
        for module in list(self.modules()):
            if isinstance(module, Conv):
                module.fold()
        return self


def parameter_groups(model):
    """Only weights of convolutions decay."""
    decaying = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.dim() == 1]
    return [{"params": decaying, "weight_decay": 5e-4}, {"params": others}]


def training_step():
    model = YoloV8n().train()
    images = torch.rand(BATCH, 3, TRAIN_SIZE, TRAIN_SIZE)
    optimizer = torch.optim.SGD(parameter_groups(model), lr=1e-4, momentum=0.937, nesterov=True)

    def step():
        loss = sum(m.square().mean() for m in model(images))
        assert torch.isfinite(loss).item()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def inference(batch):
    model = YoloV8n().fold()
    images = torch.rand(batch, 3, INFERENCE_SIZE, INFERENCE_SIZE)

    def run():
        with torch.no_grad():
            model(images)

    return run


def milliseconds(work, warmup, rounds):
    times = []
    for i in range(warmup + rounds):
        start = time.perf_counter()
        work()
        if i >= warmup:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    assert sum(p.numel() for p in YoloV8n().parameters()) == PARAMETERS
    rows = []
    # Name, unit, images the time is divided by, work, warm-up, rounds: as in the benchmark program.
    for name, unit, share, make, warmup, rounds in (
            ("train.surrogate", "ms", 1, training_step, 3, 15),
            ("inference.b1", "ms/image", 1, lambda: inference(1), 2, 11),
            ("inference.b16", "ms/image", 16, lambda: inference(16), 2, 11)):
        if options.quick:
            warmup, rounds = 1, 2
        value = milliseconds(make(), warmup, rounds) / share
        rows.append({"name": name, "value": value, "unit": unit, "baseline": None, "ratio": None})
    print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
