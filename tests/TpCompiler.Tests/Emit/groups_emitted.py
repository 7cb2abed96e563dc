"""Trains an emitted module with its own optimizer and, from the same parameter groups, with one of torch.optim: the same weights. Usage: groups_emitted.py PROGRAM CLASS OPTIMIZER [MOMENTUM]"""
import runpy
import sys

import torch

program, name, other, *momentum = sys.argv[1:]
emitted = runpy.run_path(program, run_name="emitted")
inputs, wanted = torch.randn(4, 2, dtype=torch.float64), torch.randn(4, dtype=torch.float64)


def trained(make):
    torch.manual_seed(0)
    model = emitted[name](32, 2).double()
    optimizer = make(model.parameter_groups())
    for _ in range(5):
        optimizer.zero_grad()
        emitted["loss_of"](model(inputs), wanted).backward()
        optimizer.step()
    return dict(model.named_parameters())


mine, torchs = trained(emitted["Optimizer"]), trained(lambda groups: getattr(torch.optim, other)(groups, lr=0.1, **({"momentum": float(momentum[0])} if momentum else {})))
assert len(mine) == 3
for weight in mine:
    torch.testing.assert_close(mine[weight], torchs[weight], rtol=1e-12, atol=1e-12)
print("the same")
