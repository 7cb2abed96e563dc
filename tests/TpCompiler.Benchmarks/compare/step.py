"""The training step of Steps/TwoHiddenLayerStep.cs in PyTorch or NumPy.

usage: step.py {autograd,addmm,numpy} WIDTH BATCH SECONDS THREADS
Prints the loss after ten steps, and the median and the least milliseconds of a step.
"""

import math
import os
import sys
import time

engine, width, batch, seconds, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)

import numpy as np  # noqa: E402  (after the number of threads is said)

dimension, rate = 16, 8 / width


def start(length, salt, scale):
    i = np.arange(length, dtype=np.int64)
    unit = (i * i * 31 + i * 1009 + salt * 7919) % 100003 / 100003.0
    return ((unit - 0.5) * math.sqrt(12) * scale).astype(np.float32)


U = start(width * dimension, 1, 1 / math.sqrt(dimension)).reshape(width, dimension)
W = start(width * width, 2, 1 / math.sqrt(width)).reshape(width, width)
v = start(width, 3, 1 / math.sqrt(width))
xi = start(batch * dimension, 4, 1).reshape(batch, dimension)
y = start(batch, 5, 1)


def numpy_step():
    gradient = np.empty_like(W)

    def step():
        global v
        x1 = np.tanh(xi @ U.T)
        x2 = np.tanh(x1 @ W.T)
        residual = x2 @ v - y
        error = residual / batch
        dh2 = np.outer(error, v) * (1 - x2 * x2)
        v -= rate * (error @ x2)
        dh1 = (dh2 @ W) * (1 - x1 * x1)
        np.matmul((rate * dh2).T, x1, out=gradient)
        np.subtract(W, gradient, out=W)
        np.subtract(U, rate * (dh1.T @ xi), out=U)
        return float(np.mean(residual * residual) / 2)

    return step


def addmm_step():
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    tU, tW, tv, txi, ty = (torch.from_numpy(a) for a in (U, W, v, xi, y))

    def step():
        x1 = (txi @ tU.T).tanh_()
        x2 = (x1 @ tW.T).tanh_()
        residual = x2 @ tv - ty
        error = residual / batch
        dh2 = torch.outer(error, tv).mul_(1 - x2 * x2)
        tv.addmv_(x2.T, error, alpha=-rate)
        dh1 = (dh2 @ tW).mul_(1 - x1 * x1)
        tW.addmm_(dh2.T, x1, alpha=-rate)
        tU.addmm_(dh1.T, txi, alpha=-rate)
        return float((residual * residual).mean() / 2)

    return step


def autograd_step():
    import torch

    torch.set_num_threads(threads)
    layers = [torch.nn.Linear(a, b, bias=False) for a, b in ((dimension, width), (width, width), (width, 1))]
    with torch.no_grad():
        for layer, weights in zip(layers, (U, W, v.reshape(1, width))):
            layer.weight.copy_(torch.from_numpy(weights))
    net = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1], torch.nn.Tanh(), layers[2])
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    txi, ty = torch.from_numpy(xi), torch.from_numpy(y).reshape(batch, 1)

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(txi), ty) / 2
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


step = {"numpy": numpy_step, "addmm": addmm_step, "autograd": autograd_step}[engine]()
for _ in range(11):
    loss = step()
times = []
begin = time.perf_counter()
while time.perf_counter() - begin < seconds:
    before = time.perf_counter()
    step()
    times.append((time.perf_counter() - before) * 1e3)
times.sort()
print(f"{loss:.7g} {times[len(times) // 2]:.4f} {times[0]:.4f}")
