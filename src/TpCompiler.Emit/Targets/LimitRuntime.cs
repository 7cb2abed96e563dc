namespace TpCompiler.Emit.Targets;

/// <summary>What a limit is computed with in PyTorch: variables, and matrices that are conditioned on what they met.</summary>
internal static class LimitRuntime
{
    public const string AboutPoints = """
        A vector is its values at scrambled Sobol points, one dimension for each Gaussian of its coordinate space, and a mean over coordinates is a mean over points. Independent scramblings run the whole
        program; their mean is printed with ± its standard error, or half of how far it moved from a quarter of the points when that is more, or ? where what all points have missed, far out, may be anything. On several processes (RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as torchrun sets them) scramblings are shared out.
        """;

    public const string AboutCoefficients = """
        Everything is affine in the vectors, so a vector is its coefficients: number 0 that of the constant 1, the others those of the Gaussians that its coordinate space has met. Numbers are right to rounding.
        """;

    public const string Points = """"
        class Law:
            """Standard Gaussians at the points of one scrambling, as many as are asked for. Vectors of different spaces never meet entry by entry, so each space counts its own."""

            def __init__(self, count, seed, device, kept):
                self.count, self.weight, self.seed, self.device = count, 1 / count, seed, device
                self.met, self.dimensions, self.kept, self.tails = {}, [], min(kept, count), {}

            def fresh(self, space):
                number = self.met[space] = self.met.get(space, -1) + 1
                while number >= len(self.dimensions):
                    known = len(self.dimensions)
                    engine = torch.quasirandom.SobolEngine(max(16, 2 * known), scramble=True, seed=1_000_003 * self.seed + known)
                    # Points are multiples of 2^-30: from the middle of each cell no quantile is infinite.
                    uniform = engine.draw(self.count, dtype=torch.float64)[:, known:] + 2.0**-31
                    self.dimensions += (2**0.5 * torch.erfinv(2 * uniform - 1)).T.contiguous().to(self.device)
                return self.dimensions[number]

            def vectors(self, space, deviation, *shape):
                return deviation * torch.stack([self.fresh(space) for _ in range(math.prod(shape))]).reshape(*shape, self.count)

            def expectation(self, x, y):
                """E[x_i y_j]."""
                return self.weight * (x @ y.transpose(-1, -2))

            def keep(self, name, terms, factors=None, degree=0):
                """Of the terms of a mean those at both ends. They grow at most like the power degree of a Gaussian; where all are 0, one that isn't is taken for as large as the factors."""
                terms = terms.reshape(-1, self.count)
                scale = math.inf if factors is None else math.prod(factor.square().mean(-1).sqrt().max().item() for factor in factors)
                ends = [(sign * terms).topk(self.kept).values.cpu().numpy() for sign in (1, -1)]
                sums = [terms.clamp(min=0).sum(-1).cpu().numpy(), (-terms).clamp(min=0).sum(-1).cpu().numpy()]
                self.tails.setdefault(name, []).append((terms.mean(-1).cpu().numpy(), ends, sums, scale, degree))
        """";

    /// <summary>Any number of points sees powers up to this one.</summary>
    public const double LeastDegree = 4;

    /// <summary>Standard errors that hold, from the runs and the terms at the ends of their means.</summary>
    public const string Errors = """"
        def spread(values):
            """The standard error of a mean over runs, so that three hold as often as three standard deviations of a normal variable: Student's quantile over 3 (Hill 1970)."""
            freedom = len(values) - 1
            student = 3 + 30 / (4 * freedom) + 1656 / (96 * freedom**2) + 11592 / (384 * freedom**3)
            return student / 3 * np.std(values, axis=0, ddof=1) / len(values) ** 0.5


        def score(error, share):
            """Runs that miss a term of size D lack D/N in the mean and D²/N² in its variance: with the variance as it would be if the mean were right (Wilson's score) errors grow by the share D/N."""
            return 1.5 * share + np.sqrt(error**2 + 2.25 * share**2)


        def beyond(tail, runs, total):
            """How large a term is that all runs missed: larger than the largest by as much as terms grow along the tail, Hill's index; of a tail with index 1 there is no mean, where the largest term counts."""
            tail = np.sort(tail)[::-1][: runs + 1]
            largest, threshold = tail[0], tail[-1]
            if not largest > threshold or largest <= 0:
                return max(0.0, largest - threshold)
            positive = tail[tail > 0]
            logarithms = np.log(positive / positive[-1]).sum()
            counts = largest >= 0.25 * total
            if threshold > 0:
                return math.inf if counts and logarithms >= runs else largest * math.exp(logarithms / runs) - threshold
            return math.inf if counts and logarithms > 8 * (len(positive) - 1) else largest * math.exp((1 + logarithms) / len(positive))


        def unseen(tails, k, points):
            """How much of mean number k a term has that all points of all runs missed."""
            if all(ends[0][k, 0] == 0 and ends[1][k, 0] == 0 for _, ends, _, _, _ in tails):
                return max(scale for _, _, _, scale, _ in tails) / points
            # |z|^d times the density of z has its peak at √d: what lies beyond all points is not known.
            reach = 2**0.5 * torch.erfinv(torch.tensor(1 - 2 / points, dtype=torch.float64)).item()
            if tails[0][4] > reach**2:
                return math.inf
            sides = [beyond(np.concatenate([ends[side][k] for _, ends, _, _, _ in tails]), len(tails), sum(sums[side][k] for _, _, sums, _, _ in tails)) for side in (0, 1)]
            return max(sides) / points


        def error(name, values, t, tails, points):
            """The errors of an output at step t: by as much as those of the means that it is made of grow, its own do; of a mean without a spread it is the output's."""
            own = spread(values)
            seen = [[run[mean][min(t, len(run[mean]) - 1)] for run in tails] for mean in MEANS[name]]
            if MEANS[name] == [name]:
                return np.array([score(e, unseen(seen[0], k, points)) for k, e in enumerate(np.ravel(own))]).reshape(np.shape(own))
            growth, least = 1.0, 0.0
            for runs in seen:
                for k, e in enumerate(spread([run[0] for run in runs])):
                    more = score(e, unseen(runs, k, points))
                    growth, least = (max(growth, more / e), least) if e > 0 else (growth, max(least, more))
            return np.maximum(np.where(own > 0, growth * np.maximum(own, 1e-300), 0), least)
        """";

    public const string Coefficients = """"
        class Full(Exception):
            """A space has met more Gaussians than there is room for."""


        class Law:
            """Gaussians as unit vectors of coefficients. Vectors of different spaces never meet entry by entry, so each space counts its own."""

            def __init__(self, count, device):
                self.count, self.weight, self.device, self.met = count, 1, device, {}

            def unit(self, number):
                if number >= self.count:
                    raise Full
                x = torch.zeros(self.count, dtype=torch.float64, device=self.device)
                x[number] = 1
                return x

            def one(self):
                return self.unit(0)

            def fresh(self, space):
                self.met[space] = self.met.get(space, 0) + 1
                return self.unit(self.met[space])

            def vectors(self, space, deviation, *shape):
                return deviation * torch.stack([self.fresh(space) for _ in range(math.prod(shape))]).reshape(*shape, self.count)

            def expectation(self, x, y):
                """E[x_i y_j]."""
                return x @ y.transpose(-1, -2)
        """";

    public const string Number = """"
        def number(data, name, deviation, shape, generator):
            """A Gaussian number that stays random in the limit, or several: those of the file, or some that are drawn."""
            return data[name].reshape(shape) if name in data else deviation * torch.randn(shape, dtype=torch.float64, generator=generator)
        """";

    public const string Matrices = """"
        class Side:
            """What a Gaussian matrix was multiplied with on one side: orthonormal directions, E q_i q_j = [i = j], and the image of each with the Gaussian in it."""

            def __init__(self, law, space, scale, adjoint):
                self.space, self.scale, self.adjoint = space, scale, adjoint
                self.directions = self.gaussians = self.images = torch.zeros(0, law.count, dtype=torch.float64, device=law.device)


        class Gaussian:
            """A matrix W of N(0, s^2/n) entries in the limit, known by what it met (the Master Theorem by conditioning, arXiv 2009.10685). The image of a direction q is
            W q = s ξ + Σ_j p_j E[p_j W q]: ξ is fresh, and E[p_j W q] follows from E[ζ_j q], ζ_j the Gaussian in the image of p_j under W'. These are Ẑ and Ż."""

            def __init__(self, law, deviation, rows, columns, row_ratio=1, column_ratio=1):
                self.law = law
                # W q has the variance s^2 columns/n; Σ p (W q) = Σ (W'p) q turns rows E[p W q] into columns E[W'p q].
                self.right = Side(law, rows, deviation * column_ratio**0.5, deviation * column_ratio / row_ratio**0.5)
                self.left = Side(law, columns, deviation * row_ratio**0.5, deviation * row_ratio / column_ratio**0.5)

            def times(self, x):
                return self.product(self.right, self.left, x)

            def transposed_times(self, x):
                return self.product(self.left, self.right, x)

            def product(self, side, other, x):
                vectors = x.reshape(-1, self.law.count)
                known, rest = 0, vectors
                for _ in range(2):  # Gram-Schmidt twice is enough.
                    part = self.law.expectation(rest, side.directions)
                    known, rest = known + part, rest - part @ side.directions
                result = known @ side.images
                new, count, parts = torch.empty_like(rest), 0, torch.zeros(len(rest), len(rest), dtype=x.dtype, device=x.device)
                for b, remainder in enumerate(rest):
                    for _ in range(2):
                        part = self.law.expectation(remainder[None], new[:count])[0]
                        parts[b, :count] += part
                        remainder = remainder - part @ new[:count]
                    size = (self.law.weight * remainder @ remainder).sqrt()
                    if size > 1e-9 * (self.law.weight * vectors[b] @ vectors[b]).sqrt():
                        parts[b, count], new[count] = size, remainder / size
                        count += 1
                if count > 0:
                    new = new[:count]
                    gaussians = torch.stack([self.law.fresh(side.space) for _ in range(count)])
                    images = side.scale * gaussians + side.adjoint * self.law.expectation(new, other.gaussians) @ other.directions
                    result = result + parts[:, :count] @ images
                    side.directions = torch.cat([side.directions, new])
                    side.gaussians = torch.cat([side.gaussians, gaussians])
                    side.images = torch.cat([side.images, images])
                return result.reshape(x.shape)


        class Factors:
            """Σ_k u_k v_k'/n. u and v have the axes of the matrix, then k, then coordinates."""

            def __init__(self, law, u, v, rows, columns):
                self.law, self.u, self.v, self.rows, self.columns = law, u, v, rows, columns

            def times(self, x):
                return self.product(self.u, self.v, self.columns, x)

            def transposed_times(self, x):
                return self.product(self.v, self.u, self.rows, x)

            def product(self, u, v, ratio, x):
                flat = x.reshape(*x.shape[: u.dim() - 2], -1, x.shape[-1])
                return (ratio * self.law.expectation(flat, v) @ u).reshape(x.shape)


        class Matrix:
            """A sum of Gaussian matrices and factors, each with a coefficient: a weight and its momentum share them."""

            def __init__(self, parts):
                self.parts = parts

            def __add__(self, other):
                return Matrix({part: self.parts.get(part, 0) + other.parts.get(part, 0) for part in [*self.parts, *other.parts]})

            def __mul__(self, number):
                return Matrix({part: number * coefficient for part, coefficient in self.parts.items()})

            __rmul__ = __mul__

            def __truediv__(self, number):
                return self * (1 / number)

            def __neg__(self):
                return -1 * self

            def __sub__(self, other):
                return self + -other

            def times(self, x):
                return sum((coefficient * part.times(x) for part, coefficient in self.parts.items()), torch.zeros_like(x))

            def transposed_times(self, x):
                return sum((coefficient * part.transposed_times(x) for part, coefficient in self.parts.items()), torch.zeros_like(x))


        def factors(law, u, v, axes=0, rows=1, columns=1):
            """The matrix Σ u v'/n over the dimensions behind the first axes."""
            u, v = (w.reshape(*w.shape[:axes], -1, law.count) for w in (u, v))
            return Matrix({Factors(law, u, v, rows, columns): 1})
        """";

    /// <summary>One run, again with more room when it was too little.</summary>
    public static string Exactly(string data, string seed) => $$"""
        room, means = 64, None
        while means is None:
            try:
                means = {name: values.cpu().numpy() for name, values in run(Law(room, args.device), {{data}}, args.device{{seed}}).items()}
            except Full:
                room *= 4
        if args.output:
            np.savez(args.output, **means)
        """;

    /// <summary>The scramblings of this process, and the mean and standard error of all.</summary>
    public static string Scrambled(string data, string seed) => $$"""
        if args.device == "cuda":
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            dist.init_process_group("gloo")
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        means, fewer = {}, {}
        for points in (args.points // 4, args.points):
            replicates, tails = [], []
            for scrambling in range(rank, args.scramblings, world):
                law = Law(points, args.seed * args.scramblings + scrambling, args.device, args.scramblings + 1)
                replicates.append({name: values.cpu().numpy() for name, values in run(law, {{data}}, args.device{{seed}}).items()})
                tails.append(law.tails)
            if world > 1:
                everyone = [None] * world
                dist.all_gather_object(everyone, (replicates, tails))
                replicates, tails = ([run for one in everyone for run in one[part]] for part in (0, 1))
            fewer = means
            means = {name: np.mean([replicate[name] for replicate in replicates], axis=0) for name in replicates[0]}
        errors = {name: np.array([error(name, [replicate[name][t] for replicate in replicates], t, tails, args.points * args.scramblings) for t in range(len(values))]) for name, values in means.items()}
        # What all scramblings miss alike, their spread doesn't show: no error is less than half of how far more points moved a number.
        errors = {name: np.maximum(error, np.abs(means[name] - fewer[name]) / 2) for name, error in errors.items()}
        # A number without any error is known to one point of all at best, and what follows from one of which nothing is known isn't known either.
        errors = {name: np.where(error > 0, error, np.abs(means[name]) / (args.points * args.scramblings)) for name, error in errors.items()}
        lost = min((t for error in errors.values() for t, values in enumerate(error) if np.isinf(values).any()), default=math.inf)
        errors = {name: np.array([values if t <= lost else np.full_like(values, math.inf) for t, values in enumerate(error)]) for name, error in errors.items()}
        if dist.is_initialized():
            dist.destroy_process_group()
        if args.output and rank == 0:
            np.savez(args.output, **means, **{name + ".error": values for name, values in errors.items()})
        """;
}
