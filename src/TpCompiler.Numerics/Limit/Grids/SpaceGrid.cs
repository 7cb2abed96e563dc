namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>The points of one coordinate space.</summary>
/// <param name="Gaussians">For each Gaussian of the space its value at every point.</param>
/// <param name="Weights">What every point counts in an expectation; they add up to 1.</param>
internal sealed record SpaceGrid(double[][] Gaussians, double[] Weights)
{
    public int Points => Weights.Length;

    /// <summary>All combinations of the nodes of one rule for each Gaussian.</summary>
    public static SpaceGrid Tensor(IReadOnlyList<Rule> rules)
    {
        var points = rules.Aggregate(1, (product, rule) => checked(product * rule.Nodes.Length));
        var weights = new double[points];
        Array.Fill(weights, 1);
        var gaussians = new double[rules.Count][];
        for (int dimension = 0, stride = 1; dimension < rules.Count; stride *= rules[dimension++].Nodes.Length)
        {
            var rule = rules[dimension];
            gaussians[dimension] = new double[points];
            for (var point = 0; point < points; point++)
            {
                var node = point / stride % rule.Nodes.Length;
                gaussians[dimension][point] = rule.Nodes[node];
                weights[point] *= rule.Weights[node];
            }
        }

        return new SpaceGrid(gaussians, weights);
    }
}

/// <summary>A variable is its values at the points of a grid, each coordinate space with a grid of its own. Shorter ones are filled up with points that count nothing.</summary>
internal sealed class GridCarrier : Carrier
{
    private readonly IReadOnlyList<SpaceGrid> grids;
    private readonly double[][] weights;

    public GridCarrier(IReadOnlyList<SpaceGrid> grids)
        : base(LengthOf(grids), 1.0 / LengthOf(grids))
    {
        this.grids = grids;
        weights = [.. grids.Select(grid =>
        {
            var filled = new double[Length];
            for (var point = 0; point < grid.Points; point++)
            {
                filled[point] = Length * grid.Weights[point];
            }

            return filled;
        })];
    }

    public override double[] WeightsOf(int space) => weights[space];

    public override void FreshGaussian(int space, int number, Span<double> destination)
    {
        var grid = grids[space];
        if (number >= grid.Gaussians.Length)
        {
            throw new CapacityExceededException();
        }

        grid.Gaussians[number].CopyTo(destination);
        destination[grid.Points..].Clear();
    }

    private static int LengthOf(IReadOnlyList<SpaceGrid> grids) => Math.Max(1, grids.Max(grid => grid.Points));
}
