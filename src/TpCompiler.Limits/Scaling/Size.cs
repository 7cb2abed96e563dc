namespace TpCompiler.Limits.Scaling;

/// <summary>The size of a scalar or a vector: at initialisation, and of what training adds to it.</summary>
internal sealed record Size(Terms Initial, Terms Change)
{
    public static readonly Size Zero = new(Terms.Zero, Terms.Zero);

    public static readonly Size One = new(Terms.One, Terms.Zero);

    /// <summary>For a scalar: it is at least 0.</summary>
    public bool IsNonNegative { get; init; }

    /// <summary>Over the whole run.</summary>
    public Terms Total => Terms.Sum(Initial, Change);

    public static Size Sum(Size x, Size y) => new(Terms.Sum(x.Initial, y.Initial), Terms.Sum(x.Change, y.Change));

    /// <summary>x₀y₀, and the change x₀Δy + Δx y₀ + Δx Δy; the last one is dropped in first order.</summary>
    public static Size Product(Size x, Size y, bool firstOrder)
    {
        var change = Terms.Sum(Terms.Product(x.Initial, y.Change), Terms.Product(x.Change, y.Initial));
        return new Size(
            Terms.Product(x.Initial, y.Initial),
            firstOrder ? change : Terms.Sum(change, Terms.Product(x.Change, y.Change)));
    }

    public Size Map(Func<Terms, Terms> map) => this with { Initial = map(Initial), Change = map(Change) };
}

/// <summary>The size of a matrix: Gaussian matrices and low-rank factors.</summary>
/// <param name="Gaussians">Coefficient times Gaussian: the exponent of the entries, the source's bit.</param>
/// <param name="Factors">Factors u vᵀ made in this iteration.</param>
/// <param name="Learned">Factors that training added in the iterations before.</param>
internal sealed record MatrixSize(IReadOnlyList<Term> Gaussians, IReadOnlyList<MatrixFactors> Factors, IReadOnlyList<MatrixFactors> Learned)
{
    public static readonly MatrixSize Zero = new([], [], []);

    /// <summary>What weight decay has taken of the Gaussians: a part of the change.</summary>
    public IReadOnlyList<Term> Decayed { get; init; } = [];
}

/// <summary>A family of factors u vᵀ, the coefficient in u.</summary>
/// <param name="Site">Where they were made: instruction and term.</param>
/// <param name="Left">u, with the coefficient.</param>
/// <param name="Right">v.</param>
internal sealed record MatrixFactors(string Site, Size Left, Size Right);
