#!/usr/bin/env python3
"""tpc check of every example with three optimizers, as one table in Markdown.

python3 check.py --tpc "dotnet …/tpc.dll" --out results.md                       every example, some forty minutes on two cores
python3 check.py --tpc "dotnet …/tpc.dll" --out results.md --state check.json    the same; what the file holds already isn't run again
python3 check.py --tpc "dotnet …/tpc.dll" --quick                                a few of them: for every build

Exit code 1 when a check fails or is refused. OPEN: nothing differs, but lines of weights or outputs are not decided; TIME: not done in the time that a check has.
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

# A step of word2vec changes a table of 1200 words 26 times over.
WIDTHS = {"word2vec": ["--widths", "16,32,64,128"]}

# Updates that are nonlinearities of entries cost more, in nets and in limits.
NARROWER = ["--widths", "32,64,128,256"]

# Where weights start at 0, others have only begun to move after three steps, and a limit is hidden below what vanishes in narrow nets.
LONGER = ["--steps", "6"]

QUICK = [("mlp", "sgd"), ("resnet", "sgd"), ("rnn", "sign_sgd"), ("autoencoder", "sgd"), ("feedback_alignment", "sgd"), ("momentum", "sgd"), ("rmsnorm", "adam"), ("ntk", "adam"),
         ("mup_unstable", "sign_sgd"), ("gru", "sgd"), ("adam", "adam"), ("wishart", None)]


def run(tpc, name, optimizer, how, limit):
    command = [*tpc, "check", os.path.join(EXAMPLES, name + ".tp"), "--format", "json", *how, *(["--optimizer", optimizer] if optimizer else [])]
    started = time.time()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"state": "TIME", "text": f"not done in {limit} s", "seconds": limit}
    seconds = time.time() - started
    try:
        result = json.loads(done.stdout)
        lines = result["lines"]
    except (ValueError, TypeError, KeyError):
        return {"state": "REFUSED", "text": (done.stderr or done.stdout).strip().splitlines()[0], "seconds": seconds}
    agree, failed, open_ = ([line for line in lines if line["verdict"].lower() == verdict] for verdict in ("agrees", "differs", "undecided"))
    text = f"{len(agree)}/{len(lines)}"
    distances = [line for line in agree if line["quantity"].startswith("distance") and line["measured"] is not None]
    if distances:
        best = min(distances, key=lambda line: line["halfWidth"])
        text += f", {best['name']} {best['measured']:+.2f} ± {best['halfWidth']:.2f}"
    for what, which in (("differs", failed), ("undecided", open_)):
        if which:
            text += f"; {what}: " + ", ".join(f"{line['name']} {line['quantity']}" for line in which[:4]) + (f" and {len(which) - 4} more" if len(which) > 4 else "")
    return {"state": "PASS" if result["passes"] else "FAIL" if failed else "OPEN", "text": text, "seconds": seconds, "agree": len(agree), "lines": len(lines), "nets": sum(result["nets"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tpc", default="tpc")
    parser.add_argument("--limit", type=int, default=300, help="seconds for one check")
    parser.add_argument("--seconds", type=int, default=1 << 30, help="starts no check after so long")
    parser.add_argument("--out")
    parser.add_argument("--state", help="a file that keeps what was run")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", help="these examples")
    parser.add_argument("--optimizers", nargs="*", default=OPTIMIZERS, help="these columns; programs without one are in that of sgd")
    arguments = parser.parse_args()
    tpc = arguments.tpc.split()
    names = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(EXAMPLES, "*.tp")))
    if arguments.quick:
        jobs = QUICK
    else:
        jobs = [(name, optimizer) for name in names if not arguments.only or name in arguments.only for optimizer in ([None] if name in AS_WRITTEN else OPTIMIZERS)]
        jobs = [job for job in jobs if (job[1] or "sgd") in arguments.optimizers]
        jobs.sort(key=lambda job: 0 if job[1] is None else OPTIMIZERS.index(job[1]))
    results = {}
    if arguments.state and os.path.exists(arguments.state):
        with open(arguments.state) as state:
            results = {(one["name"], one["optimizer"]): one for one in json.load(state)}
    # One after the other: a check has threads of its own.
    started = time.time()
    for name, optimizer in jobs:
        if (name, optimizer) in results or time.time() - started > arguments.seconds:
            continue
        one = run(tpc, name, optimizer, WIDTHS.get(name, NARROWER if optimizer in ("adam", "sign_sgd") else []), arguments.limit)
        if one["state"] == "OPEN" and not arguments.quick:
            longer = run(tpc, name, optimizer, [*WIDTHS.get(name, []), *LONGER], arguments.limit)
            if longer["state"] == "PASS":
                one = {**longer, "text": longer["text"] + " (after 6 steps)"}
        results[name, optimizer] = {"name": name, "optimizer": optimizer, **one}
        print(f"{name:20} {optimizer or 'as written':10} {one['state']:7} {one['seconds']:6.1f} s  {one['text']}", flush=True)
        if arguments.state:
            with open(arguments.state, "w") as state:
                json.dump(list(results.values()), state, indent=1)
        if arguments.out:
            write(arguments.out, results)
    print(summary(results))
    return 1 if any(one["state"] in ("FAIL", "REFUSED") for one in results.values()) else 0


def summary(results):
    agree, lines, nets, seconds = (sum(one.get(key, 0) for one in results.values()) for key in ("agree", "lines", "nets", "seconds"))
    states = [one["state"] for one in results.values()]
    passing, open_ = states.count("PASS"), states.count("OPEN") + states.count("TIME")
    return f"{passing} of {len(results)} checks pass, {open_} are left open, {len(states) - passing - open_} fail; {agree} of {lines} lines decided and in agreement, of {nets} nets, in {seconds:.0f} s"


def write(path, results):
    with open(os.path.join(HERE, "about.md")) as about:
        text = about.read()
    text += f"\n`check.py` on {datetime.date.today()}, on {os.cpu_count()} cores: {summary(results)}.\n\n"
    text += "| example | sgd | adam | sign_sgd |\n| --- | --- | --- | --- |\n"
    for name in sorted({name for name, _ in results}):
        if (name, None) in results:
            text += f"| [{name}](../../{name}.tp) | {cell(results[name, None])} ({AS_WRITTEN[name]}) | | |\n"
        else:
            text += f"| [{name}](../../{name}.tp) | " + " | ".join(cell(results[name, optimizer]) if (name, optimizer) in results else "not run" for optimizer in OPTIMIZERS) + " |\n"
    with open(path, "w") as out:
        out.write(text)


def cell(one):
    return f"{one['state']} {one['text']}"


if __name__ == "__main__":
    sys.exit(main())
