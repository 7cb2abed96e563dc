#!/usr/bin/env python3
"""tpc check of every example with three optimizers, as one table in Markdown.

python3 check.py --tpc "dotnet …/tpc.dll" --out results.md             every example, some minutes
python3 check.py --tpc "dotnet …/tpc.dll" --quick                      a few of them, at fewer widths: for every build

Exit code 1 when a check fails, or is refused for another reason than those below. OPEN: nothing differs, but too little is decided with so few nets; TIME: not done in the time that a check has.
"""
import argparse, datetime, glob, json, os, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.dirname(os.path.dirname(HERE))
OPTIMIZERS = ["sgd", "adam", "sign_sgd"]

# In place of the program's own optimizer where there is none: what is checked is the program as it is written.
AS_WRITTEN = {
    "batchnorm_kernel": "initialisation", "rnn_process": "initialisation", "wishart": "a program of instructions",
    "maml": "a step of its own", "sine_tasks": "a step of its own", "word2vec": "a step of its own",
}

# Two widths that grow together need data of two inputs and outputs, which the example has none of.
NOTHING_TO_RUN = {"two_heads"}

WIDER = "64,128,256,512"

# Fifty layers: the limit of an update that is a nonlinearity of the entries of 49 matrices takes hours.
LEFT_OUT = {("deep", "adam"), ("deep", "sign_sgd")}

QUICK = [("mlp", "sgd"), ("resnet", "sgd"), ("rnn", "sign_sgd"), ("autoencoder", "sgd"), ("feedback_alignment", "sgd"), ("momentum", None), ("rmsnorm", "adam"), ("ntk", "adam"),
         ("mup_unstable", "sign_sgd"), ("gru", "sgd"), ("adam", "adam"), ("wishart", None)]


def run(tpc, name, optimizer, widths, seeds, limit):
    command = [*tpc, "check", os.path.join(EXAMPLES, name + ".tp"), "--widths", widths, "--format", "json"]
    command += (["--optimizer", optimizer] if optimizer else []) + (["--seeds", str(seeds)] if seeds else [])
    started = time.time()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"state": "TIME", "text": f"not done in {limit} s", "seconds": limit}
    seconds = time.time() - started
    try:
        result = json.loads(done.stdout)
    except ValueError:
        return {"state": "REFUSED", "text": (done.stderr or done.stdout).strip().splitlines()[0], "seconds": seconds}
    lines = result["lines"]
    distances = [line for line in lines if line["quantity"].startswith("distance") and line["measured"] is not None]
    text = f"{sum(line['verdict'] == 'agrees' for line in lines)}/{len(lines)}"
    if distances:
        best = min(distances, key=lambda line: line["halfWidth"])
        text += f", {best['name']} {best['measured']:+.2f} ± {best['halfWidth']:.2f}"
    failed = [f"{line['name']} {line['quantity']}" for line in lines if line["verdict"].lower() == "differs"]
    return {"state": "PASS" if result["passes"] else "FAIL" if failed else "OPEN", "text": text + (": " + ", ".join(failed) if failed else ""), "seconds": seconds, "agree": sum(line["verdict"] == "agrees" for line in lines), "lines": len(lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tpc", default="tpc")
    parser.add_argument("--widths")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--limit", type=int, default=120, help="seconds for one check")
    parser.add_argument("--out")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    tpc = arguments.tpc.split()
    widths = arguments.widths or "32,64,128"
    seeds = arguments.seeds
    names = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(EXAMPLES, "*.tp")))
    if arguments.quick:
        jobs = QUICK
    else:
        jobs = [(name, optimizer) for name in names if not arguments.only or name in arguments.only for optimizer in ([None] if name in AS_WRITTEN or name in NOTHING_TO_RUN else OPTIMIZERS) if (name, optimizer) not in LEFT_OUT]
        jobs.sort(key=lambda job: 0 if job[1] is None else OPTIMIZERS.index(job[1]))
    started = time.time()
    results = {}
    # One after the other: a check has threads of its own.
    for name, optimizer in jobs:
        results[name, optimizer] = one = run(tpc, name, optimizer, widths, seeds, arguments.limit)
        if one["state"] in ("FAIL", "OPEN") and not arguments.quick:
            # In narrow nets a fluctuation may hide what stays, or leave too much open.
            results[name, optimizer] = one = run(tpc, name, optimizer, WIDER, seeds, 2 * arguments.limit)
            one["text"] += " (wider)"
        print(f"{name:20} {optimizer or 'as written':10} {one['state']:7} {one['seconds']:6.1f} s  {one['text']}", flush=True)
        if arguments.out:
            write(arguments, results, widths, seeds, summary(results, started)[1])
    bad, text = summary(results, started)
    print(text)
    return 1 if bad else 0


def summary(results, started):
    bad = [job for job, one in results.items() if one["state"] in ("FAIL", "REFUSED") and job[0] not in NOTHING_TO_RUN]
    agree, lines = (sum(one.get(key, 0) for one in results.values()) for key in ("agree", "lines"))
    passing, open_ = (sum(one["state"] in states for one in results.values()) for states in (("PASS",), ("OPEN", "TIME")))
    return bad, f"{passing} of {len(results)} checks pass, {open_} are left open, {len(bad)} fail; {agree} of {lines} lines decided and in agreement, in {time.time() - started:.0f} s"


def write(arguments, results, widths, seeds, summary):
    with open(os.path.join(HERE, "about.md")) as about:
        text = about.read()
    nets = f"{seeds} nets" if seeds else "8 to 64 nets"
    text += f"\n`check.py` on {datetime.date.today()}: widths {widths}, and {WIDER} where these leave it open or fail (marked wider), {nets} of each, on {os.cpu_count()} cores. {summary[0].upper() + summary[1:]}.\n\n"
    text += "| example | sgd | adam | sign_sgd |\n| --- | --- | --- | --- |\n"
    for name in sorted({name for name, _ in results}):
        if (name, None) in results:
            one = results[name, None]
            text += f"| [{name}](../../{name}.tp) | {cell(one)} ({AS_WRITTEN.get(name, 'as written')}) | | |\n"
        else:
            text += f"| [{name}](../../{name}.tp) | " + " | ".join(cell(results[name, optimizer]) if (name, optimizer) in results else "not run" for optimizer in OPTIMIZERS) + " |\n"
    with open(arguments.out, "w") as out:
        out.write(text)


def cell(one):
    return f"{one['state']} {one['text']}"


if __name__ == "__main__":
    sys.exit(main())
