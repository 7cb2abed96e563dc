namespace TpCompiler.Emit.Targets;

/// <summary>What a limit is computed with in PyTorch: variables, and matrices that are conditioned on what they met.</summary>
internal static class LimitRuntime
{
    public const string AboutPoints = """
        A vector is its values at scrambled Sobol points, one dimension for each Gaussian of its coordinate space, and a mean over coordinates is a mean over points. Independent scramblings run the whole
        program; their mean is printed with ± its standard error, or half of how far it moved from a quarter of the points when that is more; what all points may have missed, far out, is in the errors of `tpc run` alone. On several processes (RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as torchrun sets them) scramblings are shared out.
        """;

    public const string AboutCoefficients = """
        Everything is affine in the vectors, so a vector is its coefficients: number 0 that of the constant 1, the others those of the Gaussians that its coordinate space has met. Numbers are right to rounding.
        """;

    public const string Points = """"
        class Law:
            """Standard Gaussians at the points of one scrambling, as many as are asked for. Vectors of different spaces never meet entry by entry, so each space counts its own."""

            def __init__(self, count, seed, device):
                self.count, self.weight, self.seed, self.device = count, 1 / count, seed, device
                self.met, self.dimensions = {}, []

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
        means, errors, fewer = {}, {}, {}
        for points in (args.points // 4, args.points):
            replicates = []
            for scrambling in range(rank, args.scramblings, world):
                law = Law(points, args.seed * args.scramblings + scrambling, args.device)
                replicates.append({name: values.cpu().numpy() for name, values in run(law, {{data}}, args.device{{seed}}).items()})
            if world > 1:
                everyone = [None] * world
                dist.all_gather_object(everyone, replicates)
                replicates = [replicate for one in everyone for replicate in one]
            fewer = means
            means = {name: np.mean([replicate[name] for replicate in replicates], axis=0) for name in replicates[0]}
            errors = {name: np.std([replicate[name] for replicate in replicates], axis=0, ddof=1) / len(replicates) ** 0.5 for name in means}
        # What all scramblings miss alike, their spread doesn't show: no error is less than half of how far more points moved a number.
        errors = {name: np.maximum(error, np.abs(means[name] - fewer[name]) / 2) for name, error in errors.items()}
        if dist.is_initialized():
            dist.destroy_process_group()
        if args.output and rank == 0:
            np.savez(args.output, **means, **{name + ".error": values for name, values in errors.items()})
        """;
}
