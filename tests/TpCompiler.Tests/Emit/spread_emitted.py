"""Runs an emitted PyTorch program in ways that must give the same numbers: a sweep, and one net drawn by its seed. Usage: spread_emitted.py PROGRAM DATA.npz OUT

Alone it writes what it finds to OUT; as one of two processes, which take the runs of the sweep in turn and hold the net together, it compares with that.
"""
import os
import runpy
import sys

import numpy as np

program, data, out = sys.argv[1:]
rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
for number, (name, options) in enumerate({"sweep": ["--width", "16", "32", "--seed", "1", "2", "3"], "net": ["--width", "32", "--seed", "5", "--shards", str(world)]}.items()):
    sys.argv = [program, *options, "--data", data, "--output", f"{out}.{name}.{world}.npz"]
    os.environ["MASTER_PORT"] = str(int(os.environ.get("MASTER_PORT", 0)) + number)
    runpy.run_path(program, run_name="__main__")
    if world > 1 and rank == 0:
        alone, together = np.load(f"{out}.{name}.1.npz"), np.load(f"{out}.{name}.{world}.npz")
        assert alone.files == together.files, (alone.files, together.files)
        for series in alone.files:
            np.testing.assert_allclose(together[series], alone[series], rtol=1e-5, atol=1e-5, err_msg=series)
        assert len(alone.files) > 6 or name == "net"
sys.stdout = stdout
print("the same")
