"""Makes results.md, results.json and accuracy.svg of what run.sh left in runs/."""
import glob
import json
import math
import os
import statistics

os.chdir(os.path.dirname(os.path.abspath(__file__)))
published = {"2": 55.34, "8": 64.5, "32": 66.2, "128": 66.3, "512": 66.4, "2048": 66.4, "8192": 66.4, "limit": 66.42}
lines = {"relu NTK": 47.82, "relu GP": 47.60, "linear GP and NTK": 41.68}
special = {"limit": "#d7301f", "second": "#fc8d59", "tanh": "#31a354"}
names = {"limit": "µ-limit", "second": "µ-limit, second order", "tanh": "µ-limit, tanh"}
rows = []
with open("results.json") as file:
    earlier = {row["width"]: row for row in json.load(file)["results"]}


def net_of(path):
    with open(path) as file:
        net = json.load(file)["nets"][0]
    with open(path.replace(".json", ".seconds")) as file:
        seconds = int(file.read())
    test = net["test"][0]
    return {
        "accuracy": round(100 * test["mean"], 2), "error": round(100 * test["error"], 2), "best_epoch": net["best_step"] // 100, "seconds": seconds,
        "validation": [[epoch["step"] // 100, round(100 * epoch["validation"][0]["mean"], 2)] for epoch in net["epochs"]],
    }


# A setting's first net is that of runs/SETTING.json, or of the results so far when there is no such file; those of other seeds are runs/SETTING.SEED.json.
for setting in ["2", "8", "32", "128", "512", "2048", "8192", "limit", "second", "tanh"]:
    first = net_of(f"runs/{setting}.json") if os.path.exists(f"runs/{setting}.json") else earlier.get(setting)
    if first:
        seeds = [net_of(path) for path in sorted(glob.glob(f"runs/{setting}.[0-9]*.json"))]
        accuracies = [first.get("accuracies", [first["accuracy"]])[0]] + ([net["accuracy"] for net in seeds] or first.get("accuracies", [0])[1:])
        error = statistics.stdev(accuracies) if len(accuracies) > 1 else first["error"]
        rows.append({
            "setting": names.get(setting, f"width {setting}"), "width": setting, "nets": len(accuracies), "accuracy": round(statistics.mean(accuracies), 2), "error": round(error, 2), "accuracies": accuracies,
            "published": published.get(setting), "best_epoch": first["best_epoch"], "seconds": first["seconds"], "validation": first["validation"],
        })

# The untrained kernels: runs/kernel-NAME-SCALE.json.
kernels = []
for kernel in lines if glob.glob("runs/kernel-*.json") else []:
    name = "linear NTK" if kernel.startswith("linear") else kernel
    for scale in ["1/16", "1/4", "1", "4", "16"]:
        path = f"runs/kernel-{name.replace(' ', '_')}-{scale.replace('/', '_')}.json"
        if os.path.exists(path):
            with open(path) as file:
                net = json.load(file)["nets"][0]
            kernels.append({"kernel": name, "scale": scale, "published": lines[kernel], "validation": round(100 * net["epochs"][0]["validation"][0]["mean"], 2),
                            "accuracy": round(100 * net["test"][0]["mean"], 2), "error": round(100 * net["test"][0]["error"], 2)})
if not kernels:
    with open("results.json") as file:
        kernels = json.load(file).get("kernels", [])

with open("results.json", "w") as file:
    json.dump({"experiment": "maml", "unit": "percent of 3200 test tasks' query drawings", "results": rows, "kernels": kernels}, file, indent=1)
    file.write("\n")

about = open("about.md").read()
table = ["| setting | nets | accuracy, % | published, % | epoch kept | seconds |", "| --- | --- | --- | --- | --- | --- |"]
for row in rows:
    table.append(f"| {row['setting']} | {row['nets']} | {row['accuracy']:.2f} ± {row['error']:.2f} | {row['published'] or ''} | {row['best_epoch']} | {row['seconds']} |")
with open("results.md", "w") as file:
    search = ["| kernel | scale of f | validation, % | test, % | published, % |", "| --- | --- | --- | --- | --- |"]
    for row in kernels:
        search.append(f"| {row['kernel']} | {row['scale']} | {row['validation']:.2f} | {row['accuracy']:.2f} ± {row['error']:.2f} | {row['published']} |")
    file.write(about.replace("TABLE", "\n".join(table)).replace("KERNELS", "\n".join(search)))

# Two panels: accuracy against width, and validation accuracy against epoch.
colours = ["#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b", "#54278f", "#d7301f", "#fc8d59", "#fc8d59"]
W, H, L, B, T = 460, 340, 60, 50, 24
svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * W + 60} {H}" font-family="sans-serif" font-size="12">', f'<rect width="{2 * W + 60}" height="{H}" fill="white"/>']


def text(x, y, words, anchor="middle", colour="#333", turn=None):
    rotation = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    svg.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{rotation}>{words}</text>')


def line(points, colour, dash=""):
    svg.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dash} points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>')


def axes(left, title, low, high, step, label):
    line([(left, T), (left, H - B), (left + W - L - 20, H - B)], "#333")
    value = low
    while value <= high:
        y = H - B - (value - low) / (high - low) * (H - B - T)
        line([(left - 4, y), (left, y)], "#333")
        text(left - 8, y + 4, f"{value}", "end")
        value += step
    text(left + (W - L - 20) / 2, H - 12, title)
    text(left - 38, (H - B + T) / 2, label, turn=-90)


def place(left, share, value, low, high):
    return left + share * (W - L - 20), H - B - (value - low) / (high - low) * (H - B - T)


low, high = 40, 70
axes(L, "width", low, high, 5, "test accuracy, %")
finite = [row for row in rows if row["width"].isdigit()]
across = lambda width: (math.log2(int(width)) - 0.5) / 13
for row in finite:
    x, y = place(L, across(row["width"]), row["accuracy"], low, high)
    e = row["error"] / (high - low) * (H - B - T)
    line([(x, y - e), (x, y + e)], "#2171b5")
    svg.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#2171b5"/>')
    text(x, H - B + 16, row["width"])
line([place(L, across(row["width"]), row["accuracy"], low, high) for row in finite], "#2171b5")
for row in rows:
    if not row["width"].isdigit():
        y = place(L, 0, row["accuracy"], low, high)[1]
        line([(L, y), (L + W - L - 20, y)], special[row["width"]])
        text(L + 8, y + 14 if row["width"] in ("limit", "tanh") else y - 5, row["setting"], "start", special[row["width"]])
chosen = {name: max((row for row in kernels if row["kernel"] == name), key=lambda row: row["validation"]) for name in dict.fromkeys(row["kernel"] for row in kernels)}
for number, (name, row) in enumerate(chosen.items()):
    y = place(L, 0, row["accuracy"], low, high)[1]
    line([(L, y), (L + W - L - 20, y)], "#888", ' stroke-dasharray="5 4"')
    text(L + W - L - 24, y + (-4, 13, -16)[number], f"{name} {row['accuracy']:.1f}, published {row['published']}", "end", "#666")
left = W + L + 30
low, high = 20, 75
axes(left, "epoch", low, high, 5, "validation accuracy, %")
for epoch in range(0, 101, 20):
    text(left + epoch / 100 * (W - L - 20), H - B + 16, str(epoch))
for number, row in enumerate(rows):
    colour = colours[number] if row["width"].isdigit() else special[row["width"]]
    line([place(left, epoch / 100, value, low, high) for epoch, value in row["validation"]], colour)
    text(left + W - L - 30, H - B - 12 - 14 * (len(rows) - number), row["setting"], "end", colour)
svg.append("</svg>")
with open("accuracy.svg", "w") as file:
    file.write("\n".join(svg) + "\n")
