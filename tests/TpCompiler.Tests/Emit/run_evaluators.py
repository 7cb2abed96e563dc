"""Runs the emitted evaluators of a folder, NAME_evaluator.py, and compares their numbers with those of tpc run --limit, NAME.limit.json: they differ by five standard errors at most.

The errors are of the same size at the same number of points, 1024: points are others, so that those of single numbers are as uncertain as a standard deviation of 16 values, and half of how far a number moved is even more.

With RANK and WORLD_SIZE set it is one of several processes, which share the scramblings. Data is in NAME.npz. The last line says how many agreed; a disagreement is an error.
"""
import glob
import json
import os
import runpy
import sys

import numpy as np

folder = sys.argv[1]
rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
first_port = int(os.environ.get("MASTER_PORT", 0))
sys.stdout = open(os.devnull, "w")
agreed, numbers = 0, 0
ratios = []
for number, program in enumerate(sorted(glob.glob(os.path.join(folder, "*_evaluator.py")))):
    name = program[: -len("_evaluator.py")]
    with open(program) as file:
        text = file.read()
    with open(name + ".limit.json") as file:
        expected = json.load(file)
    # A program without collectives is run, and written, by every process.
    output = f"{name}.limit.{rank}.npz"
    sys.argv = [program, "--output", output]
    sys.argv += ["--data", name + ".npz"] if '"--data"' in text else []
    sys.argv += ["--points", "1024"] if '"--points"' in text else []
    os.environ["MASTER_PORT"] = str(first_port + number)
    runpy.run_path(program, run_name="__main__")
    if rank > 0:
        continue
    found = np.load(output)
    for record in expected["outputs"]:
        t = record["iteration"][0] if record["iteration"] else 0
        there, here = np.ravel(found[record["name"]][t]), np.array(record["values"])
        assert there.shape == here.shape
        mine = np.ravel(found[record["name"] + ".error"][t]) if record["name"] + ".error" in found else np.zeros_like(here)
        allowed = 5 * np.sqrt(mine**2 + np.array(record["errors"]) ** 2) + 1e-9 * np.maximum(1, np.abs(here))
        if not np.all(np.abs(there - here) <= allowed):
            sys.exit(f"{program}: {record['name']} at {t} is {there} ± {mine}, and tpc says {here} ± {record['errors']}")
        numbers += here.size
        errors = np.array(record["errors"], float)
        known = (mine > 1e-7) & (errors > 1e-7) & np.isfinite(mine)
        ratios += list(np.log(mine[known] / errors[known]))
    agreed += 1
sys.stdout = sys.__stdout__
if ratios and not abs(np.mean(ratios)) < 0.4:
    sys.exit(f"errors are {np.exp(np.mean(ratios))} times those of tpc in the mean")
print(numbers, "numbers", file=sys.stderr)
print(agreed, "agree")
