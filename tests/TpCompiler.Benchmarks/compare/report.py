"""Turns the lines of compare.sh (engine, loss, median, least[, limit]) into a table."""

import statistics
import sys

width, batch, threads = (int(a) for a in sys.argv[1:4])
rows = [line.split() for line in open(sys.argv[4])]
names = {"tpc": "tpc kernels", "autograd": "PyTorch nn + SGD", "addmm": "PyTorch addmm_", "numpy": "NumPy"}
limit = max(float(row[4]) for row in rows if row[0] == "tpc")
operations = 6.0 * width * width * batch + 4.0 * width * 16 * batch + 4.0 * width * batch


def middle(engine, column):
    return statistics.median(float(row[column]) for row in rows if row[0] == engine)


ours = middle("tpc", 2)
print(f"width {width}, batch {batch}, {threads} threads, multiply-add limit {limit:.0f} GFLOP/s")
print(f"{'':18}{'ms a step':>10}{'least':>10}{'of limit':>10}{'tpc is':>9}   loss after 10 steps")
for engine, name in names.items():
    ms, least = middle(engine, 2), min(float(row[3]) for row in rows if row[0] == engine)
    loss = next(row[1] for row in rows if row[0] == engine)
    share = operations / ms / 1e6 / limit
    print(f"{name:18}{ms:10.3f}{least:10.3f}{share:10.1%}{ms / ours:8.2f}x   {loss}")
