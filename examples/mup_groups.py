"""What `tpc mup FILE --format json` derives, for a PyTorch model that is not written in .tp: each parameter gets the powers of the weight of FILE that has its role."""
import re
from fractions import Fraction

import torch


def mup_groups(model, base, table, roles, ratio, lr, weight_decay=0.0, eps=1e-8):
    """Parameter groups for Adam or AdamW at `ratio` times the width of `base`, for which lr, weight_decay and eps were tuned; the initial values are scaled too.

    `table` is the JSON document; `roles` pairs regular expressions with weights of FILE, and the first that is found in a parameter's name counts."""
    weights = {weight["name"]: weight for weight in table["forms"][0]["weights"]}
    groups, start = [], dict(base.named_parameters())
    for name, parameter in model.named_parameters():
        weight = weights[next(role for pattern, role in roles if re.search(pattern, name))]
        scale = {key[: -len("_power_of_n")]: ratio ** float(Fraction(power or 0)) for key, power in weight.items() if key.endswith("_power_of_n")}
        with torch.no_grad():
            if parameter.std() > 0:  # biases and gains start as they are
                parameter.mul_(start[name].std() * scale["variance"] ** 0.5 / parameter.std())
        groups.append({"params": [parameter], "lr": lr * scale["learning_rate"], "weight_decay": weight_decay * scale["weight_decay"], "eps": eps * scale["epsilon"]})
    return groups
