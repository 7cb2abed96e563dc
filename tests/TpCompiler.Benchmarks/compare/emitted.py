"""Times emitted PyTorch programs beside tpc, alternately: steps per second of the simulator, seconds of the limit.

usage: emitted.py TPC.dll PROGRAM.tp [ROUNDS] [WIDTH...]
Each time is that of a long run less that of a short one, so that starting up doesn't count; both use the threads that they take by themselves.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

tpc, source = ["dotnet", sys.argv[1]], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
widths = sys.argv[4:] or ["1024", "4096"]
folder = tempfile.mkdtemp()
simulator, evaluator, data = (os.path.join(folder, name) for name in ("simulator.py", "evaluator.py", "data.npz"))


def seconds(command):
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def between(long, short):
    return seconds(long) - seconds(short)


def row(name, here, there, unit):
    mine, theirs = statistics.median(here), statistics.median(there)
    print(f"{name:24}{mine:12.3g}{theirs:12.3g}  {unit:12}tpc is {(mine / theirs if unit == 'steps/s' else theirs / mine):.2f} times as fast", flush=True)


subprocess.run([*tpc, "compile", source, "--emit", "simulator", "--target", "pytorch", "-o", simulator], check=True)
subprocess.run([*tpc, "compile", source, "--emit", "evaluator", "--target", "pytorch", "-o", evaluator], check=True)
subprocess.run([*tpc, "run", source, "--width", "8", "--save", data], check=True, stdout=subprocess.DEVNULL)
print(f"{'':24}{'tpc':>12}{'PyTorch':>12}")
for width in widths:
    short, long = 10, max(40, 400_000 // int(width))
    here, there = [], []
    for _ in range(rounds):
        here.append((long - short) / between(*([*tpc, "run", source, "--width", width, "--steps", str(steps)] for steps in (long, short))))
        there.append((long - short) / between(*([sys.executable, simulator, "--width", width, "--data", data, "--steps", str(steps)] for steps in (long, short))))
    row(f"simulator, width {width}", here, there, "steps/s")
for points in (4096, 16384):
    here, there = [], []
    for _ in range(rounds):
        here.append(between(*([*tpc, "run", source, "--limit", "--points", str(count)] for count in (points, 64))))
        there.append(between(*([sys.executable, evaluator, "--data", data, "--points", str(count)] for count in (points, 64))))
    row(f"limit, {points} points", here, there, "s")
