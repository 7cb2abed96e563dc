"""Makes results.md, results.json and accuracy.svg of what run.sh left in runs/, and of earlier results where nothing was run again."""
import json
import math
import os

os.chdir(os.path.dirname(os.path.abspath(__file__)))
colours = {"64": "#9ecae1", "256": "#4292c6", "1024": "#08519c", "limit": "#d7301f"}
titles = {"30m": "wiki-30m, 7 778 words", "small": "wiki-small, 2 297 words"}
published = {"64": 33.35, "256": 41.58, "1024": 42.56, "limit": 43.31}
rows = []
kept = {}
if os.path.exists("results.json"):
    with open("results.json") as file:
        kept = {(row["corpus"], row["width"]): row for row in json.load(file)["results"]}
for corpus in ["30m", "small"]:
    for setting in ["64", "256", "1024", "limit"]:
        if not os.path.exists(f"runs/{corpus}-{setting}.json"):
            # What was not run again stays as it was.
            if (corpus, setting) in kept:
                rows.append(kept[corpus, setting])
            continue
        with open(f"runs/{corpus}-{setting}.json") as file:
            nets = json.load(file)["nets"]
        with open(f"runs/{corpus}-{setting}.seconds") as file:
            seconds = int(file.read())

        def of(name):
            numbers = [100 * next(m["mean"] for m in net["epochs"][-1]["validation"] if m["name"] == name) for net in nets]
            mean = sum(numbers) / len(numbers)
            spread = math.sqrt(sum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1)) if len(numbers) > 1 else 100 * next(m["error"] for m in nets[0]["epochs"][-1]["validation"] if m["name"] == name)
            return round(mean, 2), round(spread, 2)

        # The last epoch has one step: the one that reports the final weights.
        steps = nets[0]["epochs"][-1]["step"]
        epochs = [e for e in nets[0]["epochs"] if e["step"] < steps - 1] + [nets[0]["epochs"][-1]]
        rows.append({
            "corpus": corpus, "width": setting, "nets": len(nets), "analogies": of("analogies"), "semantic": of("semantic"), "syntactic": of("syntactic"), "seconds": seconds,
            "coverage": round(100 * next(m["mean"] for m in nets[0]["test"] if m["name"] == "coverage"), 2),
            "epochs": [[k, round(100 * e["validation"][0]["mean"], 2)] for k, e in enumerate(epochs)],
        })

with open("results.json", "w") as file:
    json.dump({"experiment": "word2vec", "unit": "percent of the analogies that the vocabulary covers", "spread": "standard error over the questions with one net, else standard deviation of a net", "results": rows}, file, indent=1)
    file.write("\n")

table = ["| text | width | nets | analogies, % | semantic, % | syntactic, % | published on text8, % | seconds |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
for row in rows:
    cells = " | ".join(f"{row[name][0]:.2f} ± {row[name][1]:.2f}" for name in ["analogies", "semantic", "syntactic"])
    table.append(f"| {row['corpus']} | {'∞' if row['width'] == 'limit' else row['width']} | {row['nets']} | {cells} | {published[row['width']] if row['corpus'] == '30m' else ''} | {row['seconds']} |")
with open("results.md", "w") as file:
    file.write(open("about.md").read().replace("TABLE", "\n".join(table)))

# Two panels on wiki-30m: accuracy against width, with the limit as a line, and against epoch.
W, H, L, B, T = 460, 340, 60, 50, 24
svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * W + 40} {H}" font-family="sans-serif" font-size="12">', f'<rect width="{2 * W + 40}" height="{H}" fill="white"/>']
own = [row for row in rows if row["corpus"] == "30m"]


def text(x, y, words, anchor="middle", colour="#333"):
    svg.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>')


def line(points, colour, dash=""):
    svg.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dash} points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>')


def height(percent):
    return H - B - percent / 25 * (H - B - T)


for left, title in [(L, "width"), (W + L, "epoch")]:
    line([(left, T), (left, H - B), (left + W - L - 40, H - B)], "#333")
    for value in range(0, 26, 5):
        line([(left - 4, height(value)), (left, height(value))], "#333")
        text(left - 8, height(value) + 4, value, "end")
    text(left + (W - L - 40) / 2, H - 12, title)
text(L, 14, "analogies, % (" + titles["30m"] + ")", "start")
widths = [row for row in own if row["width"] != "limit"]
points = [(L + 60 + 120 * k, height(row["analogies"][0])) for k, row in enumerate(widths)]
line(points, "#08519c")
for (x, y), row in zip(points, widths):
    svg.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colours[row["width"]]}"/>')
    error = row["analogies"][1]
    line([(x, height(row["analogies"][0] - error)), (x, height(row["analogies"][0] + error))], "#333")
    text(x, H - B + 16, row["width"])
for row in own:
    if row["width"] == "limit":
        y = height(row["analogies"][0])
        line([(L, y), (W - 40, y)], colours["limit"], ' stroke-dasharray="5 4"')
        text(W - 44, y - 6, "limit", "end", colours["limit"])
    last = row["epochs"][-1][0]
    curve = [(W + L + 20 + k / last * (W - L - 120), height(value)) for k, value in row["epochs"]]
    line(curve, colours[row["width"]])
    text(curve[-1][0] + 6, curve[-1][1] + {"limit": -4, "1024": 8}.get(row["width"], 4), row["width"], "start", colours[row["width"]])
    for k, _ in row["epochs"]:
        text(W + L + 20 + k / last * (W - L - 120), H - B + 16, k)
svg.append("</svg>")
with open("accuracy.svg", "w") as file:
    file.write("\n".join(svg) + "\n")
