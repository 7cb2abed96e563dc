"""Runs the emitted programs of a folder, NAME_TARGET.py, and compares their outputs with what tpc computed, NAME.json, from the same weights and samples, NAME.npz.

With RANK and WORLD_SIZE set it is one of several processes. The last line says how many programs agreed; a disagreement is an error.
"""
import glob
import json
import os
import runpy
import sys

import numpy as np

folder, target = sys.argv[1:3]
tolerance = 1e-5
rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
first_port = int(os.environ.get("MASTER_PORT", 0))
sys.stdout = open(os.devnull, "w")
agreed = 0
for number, program in enumerate(sorted(glob.glob(os.path.join(folder, f"*_{target}.py")))):
    name = program[: -len(f"_{target}.py")]
    with open(name + ".json") as file:
        expected = json.load(file)
    output = f"{name}.{target}.{world}.npz"
    sys.argv = [program, "--width", str(expected["width"]), "--data", name + ".npz", "--weights", name + ".npz", "--output", output]
    os.environ["MASTER_PORT"] = str(first_port + number)
    runpy.run_path(program, run_name="__main__")
    if world > 1:
        import torch.distributed as dist

        dist.destroy_process_group()
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
    agreed += 1
sys.stdout = sys.__stdout__
print(agreed, "agree")
