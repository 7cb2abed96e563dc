"""Turns the lines of compare.sh (engine, loss, median, least[, share of the limit, limit]) into a table."""

import statistics
import sys

width, batch, threads = (int(a) for a in sys.argv[1:4])
rows = [line.split() for line in open(sys.argv[4])]
names = {"simulator": "tpc simulator", "kernels": "tpc kernels alone", "autograd": "PyTorch nn + SGD", "addmm": "PyTorch addmm_", "numpy": "NumPy"}


def middle(engine, column):
    return statistics.median(float(row[column]) for row in rows if row[0] == engine)


ours, share, limit = (middle("simulator", column) for column in (2, 4, 5))
rounds = sum(row[0] == "simulator" for row in rows)
print(f"width {width}, batch {batch}, {threads} threads, {rounds} rounds, multiply-add limit {limit:.0f} GFLOP/s (medians)")
print(f"{'':18}{'ms a step':>10}{'least':>10}{'of limit':>10}{'simulator is':>14}   loss after 10 steps")
for engine, name in names.items():
    ms, least = middle(engine, 2), min(float(row[3]) for row in rows if row[0] == engine)
    loss = next(row[1] for row in rows if row[0] == engine) if engine != "simulator" else "(its own start)"
    of_limit = middle(engine, 4) if engine in ("simulator", "kernels") else share * ours / ms
    print(f"{name:18}{ms:10.3f}{least:10.3f}{of_limit:10.1%}{ms / ours:13.2f}x   {loss}")
