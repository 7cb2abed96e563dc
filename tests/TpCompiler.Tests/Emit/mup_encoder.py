"""Applies the table of a transformer to torch.nn.TransformerEncoder and measures how far a few steps of Adam move its features and its attention's logits at several widths: with the table alike, without it further and further.

PyTorch divides logits by the square root of a head's width, so heads have one width here; with one number of heads logits would move further and further as well."""
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
widths, base_width, lr = [32, 256], 32, 0.002


def encoder(width, seed, heads=None):
    torch.manual_seed(seed)
    layer = torch.nn.TransformerEncoderLayer(width, heads or width // 8, 2 * width, dropout=0.0, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 2)


@torch.no_grad()
def logits(model, inputs):
    attention = model.layers[0].self_attn
    q, k, _ = torch.nn.functional.linear(inputs, attention.in_proj_weight, attention.in_proj_bias).chunk(3, -1)
    q, k = (x.reshape(*x.shape[:2], attention.num_heads, -1).transpose(1, 2) for x in (q, k))
    return q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])


def moved(width, seed, derived, heads=None):
    """Root mean squares of the changes of the last layer's features and of the first layer's logits."""
    model, base = encoder(width, seed, heads), encoder(base_width, seed, heads)
    groups = mup_groups(model, base, table, roles, width / base_width, lr) if derived else [{"params": list(model.parameters()), "lr": lr}]
    optimizer = torch.optim.Adam(groups)
    inputs, wanted = torch.randn(4, 6, width), torch.randn(4, 6, width)
    features, before = [], logits(model, inputs)
    model.layers[-1].linear2.register_forward_hook(lambda module, given, out: features.append(out.detach()))
    for _ in range(4):
        loss = ((model(inputs) - wanted) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [change.pow(2).mean().sqrt().item() for change in (features[-1] - features[0], logits(model, inputs) - before)]


def slopes(derived, heads=None):
    sizes = [[sum(seeds) / 4 for seeds in zip(*(moved(width, seed, derived, heads) for seed in range(4)))] for width in widths]
    return [math.log(wide / narrow) / math.log(widths[1] / widths[0]) for narrow, wide in zip(*sizes)]


groups = {name: group for (name, _), group in zip(encoder(128, 0).named_parameters(), mup_groups(encoder(128, 0), encoder(32, 0), table, roles, 4, lr, 0.1))}
assert groups["layers.0.linear1.weight"]["lr"] == lr / 4 and groups["layers.0.linear1.weight"]["weight_decay"] == 0.4
assert groups["layers.0.norm1.weight"]["lr"] == lr
assert math.isclose(groups["layers.0.linear2.weight"]["params"][0].std().item(), encoder(32, 0).layers[0].linear2.weight.std().item() / 2, rel_tol=1e-5)
(features, scores), (plain, _), (_, few) = slopes(True), slopes(False), slopes(True, heads=4)
print(f"{features:.2f} {scores:.2f} {plain:.2f} {few:.2f}")
