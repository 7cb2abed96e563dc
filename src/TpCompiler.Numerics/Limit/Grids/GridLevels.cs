namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>How the means over one Gaussian of a coordinate space are computed.</summary>
internal enum RuleFamily
{
    /// <summary>Gauss's rule for the normal density: for functions that the Gaussian moves little.</summary>
    Gauss,

    /// <summary>The trapezoidal rule: for functions with poles beside the line.</summary>
    Trapezoidal,

    /// <summary>Gauss's rule on panels that end at kinks.</summary>
    Panels,
}

/// <summary>One Gaussian of a coordinate space on a grid.</summary>
/// <param name="Space">The number of the space.</param>
/// <param name="Gaussian">The number of the Gaussian in it.</param>
internal readonly record struct GridAxis(int Space, int Gaussian);

/// <summary>A rule for each Gaussian: its family and its level, the place of its number of nodes in <see cref="NodesAt"/>.</summary>
internal sealed record GridLevels(IReadOnlyDictionary<GridAxis, (RuleFamily Family, int Level)> Axes)
{
    private static readonly int[] Nodes = [1, 2, 3, 5, 7, 10, 14, 19, 26, 34, 46, 62, 84, 120, 168, 240, 336, 480];

    private static readonly int[] PanelNodes = [1, 2, 3, 4, 5, 7, 9, 12, 16, 20, 26, 32];

    /// <summary>The level at which a Gaussian is given either of the two rules without panels.</summary>
    public const int Choice = 6;

    /// <summary>How many levels there are.</summary>
    public static int CountOf(RuleFamily family) => family == RuleFamily.Panels ? PanelNodes.Length : Nodes.Length;

    /// <summary>Nodes of the rule, those of a panel where there are panels.</summary>
    public int NodesAt(GridAxis axis)
    {
        var (family, level) = Axes[axis];
        return (family == RuleFamily.Panels ? PanelNodes : Nodes)[Math.Max(0, level)];
    }

    public GridLevels Moved(IEnumerable<GridAxis> moved, int by)
    {
        var axes = moved.ToHashSet();
        return new(Axes.ToDictionary(pair => pair.Key, pair => axes.Contains(pair.Key) ? (pair.Value.Family, pair.Value.Level + by) : pair.Value));
    }

    public GridLevels With(GridAxis axis, RuleFamily family) => new(Axes.ToDictionary(pair => pair.Key, pair => pair.Key == axis ? (family, pair.Value.Level) : pair.Value));

    /// <summary>The rule of an axis without panels.</summary>
    public Rule RuleOf(GridAxis axis) => Axes[axis].Family == RuleFamily.Gauss ? GaussRules.Hermite(NodesAt(axis)) : GaussRules.Trapezoidal(NodesAt(axis));

    /// <summary>What tells these levels from others.</summary>
    public string Key => string.Concat(Axes.OrderBy(pair => pair.Key.Space).ThenBy(pair => pair.Key.Gaussian).Select(pair => $"{(int)pair.Value.Family}:{pair.Value.Level} "));
}
