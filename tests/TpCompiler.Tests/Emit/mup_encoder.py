"""Applies the table of a transformer to torch.nn.TransformerEncoder and measures how far a few steps of Adam move its features at several widths: with the table alike, without it further and further."""
import json
import math
import sys

import torch

sys.path.insert(0, sys.argv[1])
from mup_groups import mup_groups  # noqa: E402

with open(sys.argv[2]) as file:
    table = json.load(file)
torch.set_num_threads(1)
roles = [("norm|bias", "E"), ("in_proj", "K"), ("out_proj", "O"), ("linear1", "W1"), ("linear2", "W2")]
widths, base_width, lr = [32, 64, 128, 256], 32, 0.002


def encoder(width, seed):
    torch.manual_seed(seed)
    layer = torch.nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 2)


def moved(width, seed, derived):
    model, base = encoder(width, seed), encoder(base_width, seed)
    groups = mup_groups(model, base, table, roles, width / base_width, lr) if derived else [{"params": list(model.parameters()), "lr": lr}]
    optimizer = torch.optim.Adam(groups)
    inputs, wanted = torch.randn(4, 6, width), torch.randn(4, 6, width)
    features = []
    model.layers[-1].linear2.register_forward_hook(lambda module, given, out: features.append(out.detach()))
    for _ in range(4):
        loss = ((model(inputs) - wanted) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (features[-1] - features[0]).pow(2).mean().sqrt().item()


groups = {name: group for (name, _), group in zip(encoder(128, 0).named_parameters(), mup_groups(encoder(128, 0), encoder(32, 0), table, roles, 4, lr, 0.1))}
assert groups["layers.0.linear1.weight"]["lr"] == lr / 4 and groups["layers.0.linear1.weight"]["weight_decay"] == 0.4
assert groups["layers.0.norm1.weight"]["lr"] == lr
assert math.isclose(groups["layers.0.linear2.weight"]["params"][0].std().item(), encoder(32, 0).layers[0].linear2.weight.std().item() / 2, rel_tol=1e-5)
sizes = {derived: [sum(moved(width, seed, derived) for seed in range(4)) / 4 for width in widths] for derived in (True, False)}
slopes = {derived: math.log(sizes[derived][-1] / sizes[derived][0]) / math.log(widths[-1] / widths[0]) for derived in sizes}
print(f"{slopes[True]:.2f} {slopes[False]:.2f}")
