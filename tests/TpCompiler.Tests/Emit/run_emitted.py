"""Runs the emitted programs of a folder, NAME_TARGET.py, and compares their outputs with what tpc computed, NAME.json, from the same weights and samples, NAME.npz.

With RANK and WORLD_SIZE set it is one of several processes: they share batches, or with --shards the rows of every wide layer. The last line says how many programs agreed; a
disagreement is an error. Numbers agree when they differ by less than the tolerance times max(1, |number|).
"""
import argparse
import glob
import json
import os
import runpy
import sys

import numpy as np

# After ten steps. A GPU adds in another order, and bfloat16 has eight bits: 2^-8 is 0.004, and ten steps add a few of these.
TOLERANCES = {("cpu", "float32"): 1e-5, ("cuda", "float32"): 1e-4, ("cpu", "bfloat16"): 0.1, ("cuda", "bfloat16"): 0.1}

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("target")
parser.add_argument("--shards")
parser.add_argument("--device", default="cpu")
parser.add_argument("--dtype", default="float32")
options = parser.parse_args()
tolerance = TOLERANCES[options.device, options.dtype]
rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
first_port = int(os.environ.get("MASTER_PORT", 0))
sys.stdout = open(os.devnull, "w")
agreed, largest, alone = 0, 0, []
for number, program in enumerate(sorted(glob.glob(os.path.join(options.folder, f"*_{options.target}.py")))):
    name = program[: -len(f"_{options.target}.py")]
    with open(program) as file:
        text = file.read()
    if world > 1 and options.shards is None and "processes.shares > 1:\n        raise" in text:
        alone.append(os.path.basename(name))  # It says that it doesn't share a batch.
        continue
    with open(name + ".json") as file:
        expected = json.load(file)
    output = f"{name}.{options.target}.{world}.npz"
    sys.argv = [program, "--width", str(expected["width"]), "--weights", name + ".npz", "--output", output]
    sys.argv += ["--data", name + ".npz"] if '"--data"' in text else []
    if options.target == "pytorch":
        sys.argv += ["--device", options.device, "--dtype", options.dtype] + (["--shards", options.shards] if options.shards else [])
    os.environ["MASTER_PORT"] = str(first_port + number)
    runpy.run_path(program, run_name="__main__")
    if rank > 0:
        continue
    found = np.load(output)
    for record in expected["outputs"]:
        t = record["iteration"][0] if record["iteration"] else 0
        there = np.ravel(found[record["name"]][t])
        here = np.array(record["values"])
        error = np.max(np.abs(there - here) / np.maximum(1, np.abs(here)))
        if there.shape != here.shape or not error <= tolerance:
            sys.exit(f"{program}: {record['name']} at {t} is {there}, and tpc says {here}: they differ by {error}")
        largest = max(largest, error)
    agreed += 1
sys.stdout = sys.__stdout__
print(f"{agreed} agree", f"(largest difference {largest:.1e})", file=sys.stderr)
print(agreed, "agree" + (f", and a batch isn't shared by {' '.join(sorted(alone))}" if alone else ""))
