namespace TpCompiler.Emit.Targets;

/// <summary>What programs in PyTorch say about the processes that run them.</summary>
internal static class PyTorchProcesses
{
    public static string Documentation(bool sharesBatches) => $"""
        Alone, or on several processes (RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as torchrun sets them): `--shards K` makes teams of K that hold a net together,
        each a part of the rows of every wide layer. Teams take the runs of a sweep (several `--width` or `--seed`) in turn{(sharesBatches ? ", and share the batches of a single run" : "; a single run takes one team")}.
        """;

    public const string Imports = "import argparse\nimport os\n\nimport numpy as np\nimport torch\nimport torch.distributed as dist\nfrom torch import nn\n\n\n";

    /// <summary>The class of processes, with the collectives that the code uses.</summary>
    public static string Of(string code)
    {
        string text = Team;
        foreach (var (use, definition) in new[] { ("total(", Total), ("whole(", Whole), ("share(", Share) })
        {
            text += code.Contains(use, StringComparison.Ordinal) ? "\n\n\n" + definition : string.Empty;
        }

        return text;
    }

    private const string Team = """"
        class Processes:
            """Teams of processes that hold a net together: this one is at a place in a team."""

            def __init__(self, shards=1, sweep=False):
                self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
                if self.world % shards != 0:
                    raise SystemExit(f"{self.world} processes can't stand in teams of {shards}")
                self.shards, self.teams = shards, self.world // shards
                self.team, self.place = divmod(self.rank, shards)
                self.shares = 1 if sweep else self.teams
                # Every process takes part in making every group.
                places = [list(range(place, self.world, shards)) for place in range(shards)]
                teams = [list(range(team * shards, (team + 1) * shards)) for team in range(self.teams)]
                groups = [dist.new_group(ranks) if self.world > 1 else None for ranks in places + teams]
                self.peers, self.mates = groups[self.place], groups[shards + self.team]

            def part(self, n):
                """How many rows of a wide layer this process holds."""
                if n % self.shards != 0:
                    raise SystemExit(f"{self.shards} processes can't share out a width of {n}")
                return n // self.shards

            def mine(self, whole, dim):
                """The part of a wide layer that this process holds; a weight without a wide dimension is everyone's."""
                return whole if dim is None else whole.chunk(self.shards, dim)[self.place]

            def over_team(self, x):
                """The sum over the team, in place."""
                if self.shards > 1:
                    dist.all_reduce(x, group=self.mates)
                return x

            def over_shares(self, x):
                """The sum over the teams that share a batch, in place."""
                if self.shares > 1:
                    dist.all_reduce(x, group=self.peers)
                return x

            def joined(self, x):
                """The rows of the whole team along the last dimension."""
                if self.shards == 1:
                    return x
                parts = [torch.empty_like(x) for _ in range(self.shards)]
                dist.all_gather(parts, x.contiguous(), group=self.mates)
                return torch.cat(parts, -1)

            def collected(self, results):
                """The results of all teams."""
                if self.world == 1:
                    return results
                everyone = [None] * self.world
                dist.all_gather_object(everyone, results)
                return {run: series for one in everyone for run, series in one.items()}


        processes = Processes()
        """";

    // Each function is the transpose of its own backward pass, where the losses of all members count: train divides by their number.
    private const string Total = """"
        class Total(torch.autograd.Function):
            """The sum over the team; the gradient is a sum too, since every member's loss depends on it."""

            @staticmethod
            def forward(ctx, x):
                return processes.over_team(x.clone())

            @staticmethod
            def backward(ctx, gradient):
                return processes.over_team(gradient.clone())


        def total(x):
            return x if processes.shards == 1 else Total.apply(x)
        """";

    private const string Whole = """"
        class Whole(torch.autograd.Function):
            """All coordinates of a vector of which each member of the team has a part."""

            @staticmethod
            def forward(ctx, x):
                return processes.joined(x)

            @staticmethod
            def backward(ctx, gradient):
                return processes.mine(processes.over_team(gradient.clone()), -1)


        def whole(x):
            return x if processes.shards == 1 else Whole.apply(x)
        """";

    private const string Share = """"
        class Share(torch.autograd.Function):
            """This process's part of the sum over the team."""

            @staticmethod
            def forward(ctx, x):
                return processes.mine(processes.over_team(x.clone()), -1)

            @staticmethod
            def backward(ctx, gradient):
                return processes.joined(gradient)


        def share(x):
            return x if processes.shards == 1 else Share.apply(x)
        """";

    /// <summary>Arguments, runs and output; <paramref name="run"/> is the call that makes the series of one width and seed.</summary>
    public static void WriteMain(CodeWriter writer, string run, IReadOnlyList<(string Field, bool IsWhole)> fields, int? steps, bool isSeries, string? extra = null)
    {
        writer.Line("if __name__ == \"__main__\":").In();
        writer.Line("parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])");
        writer.Line("parser.add_argument(\"--width\", type=int, nargs=\"+\", required=True)");
        writer.Line("parser.add_argument(\"--seed\", type=int, nargs=\"+\", default=[0], help=\"of PyTorch's draws; those of tpc are in its files\")");
        if (fields.Count > 0)
        {
            writer.Line("parser.add_argument(\"--data\", required=True, help=\".npz with an array of samples for each field\")");
        }

        writer.Line("parser.add_argument(\"--weights\", help=\".npz with the initial weights; they are drawn without it\")");
        if (steps is { } count)
        {
            writer.Line(FormattableString.Invariant($"parser.add_argument(\"--steps\", type=int, default={count})"));
        }

        writer.Line("parser.add_argument(\"--shards\", type=int, default=1, help=\"processes that hold a net together\")");
        writer.Line("parser.add_argument(\"--dtype\", choices=[\"float32\", \"float64\", \"bfloat16\"], default=\"float32\")");
        writer.Line("parser.add_argument(\"--device\", default=\"cpu\")");
        writer.Line("parser.add_argument(\"--output\", help=\"write the series to this .npz file\")\nargs = parser.parse_args()\n");
        writer.Line("if args.device == \"cuda\":").In().Line("torch.cuda.set_device(int(os.environ.get(\"LOCAL_RANK\", 0)))").Out();
        writer.Line("if int(os.environ.get(\"WORLD_SIZE\", 1)) > 1:").In().Line("dist.init_process_group(\"nccl\" if args.device.startswith(\"cuda\") else \"gloo\")").Out();
        writer.Line("runs = [(width, seed) for width in args.width for seed in args.seed]");
        writer.Line("processes = Processes(args.shards, sweep=len(runs) > 1)");
        writer.Line("dtype = getattr(torch, args.dtype)");
        if (fields.Count > 0)
        {
            writer.Line($"fields = {{{string.Join(", ", fields.Select(field => $"\"{field.Field}\": {(field.IsWhole ? "torch.long" : "dtype")}"))}}}");
            writer.Line("samples = np.load(args.data)");
            writer.Line("data = {name: torch.tensor(samples[name], dtype=kind, device=args.device) for name, kind in fields.items()}");
        }

        writer.Line("start = np.load(args.weights) if args.weights else None");
        writer.Line("results = {}");
        writer.Line("for width, seed in runs[processes.team :: processes.teams] if len(runs) > 1 else runs:").In();
        writer.Line($"series = {run}");
        writer.Line("results[width, seed] = {name: values.double().cpu().numpy() for name, values in series.items()}").Out();
        writer.Line("results = processes.collected(results)");
        writer.Line("if dist.is_initialized():").In().Line("dist.destroy_process_group()").Out();
        writer.Line("if processes.rank == 0:").In();
        writer.Line("named = {(f\"{name}.{width}.{seed}\" if len(runs) > 1 else name): values for width, seed in runs for name, values in results[width, seed].items()}");
        writer.Line("if args.output:").In().Line("np.savez(args.output, **named)").Out();
        writer.Line("for name, values in named.items():").In();
        writer.Line(isSeries ? "for t, value in enumerate(values):\n    print(name, t, *np.ravel(value))" : "print(name, *np.ravel(values))").Out().Out().Out();
    }
}
