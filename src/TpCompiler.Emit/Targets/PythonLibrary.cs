namespace TpCompiler.Emit.Targets;

/// <summary>What an array library of Python calls things. In formats {0} is the argument, {1} the parameter or the shape.</summary>
/// <param name="Module">The module's name in the code.</param>
/// <param name="Axis">The keyword that says over which dimension to sum.</param>
/// <param name="Functions">The text of each function of the table of nonlinearities.</param>
internal sealed record PythonLibrary(string Module, string Axis, IReadOnlyDictionary<string, string> Functions)
{
    /// <summary>0, 1, 2, … up to a size.</summary>
    public required string Positions { get; init; }

    /// <summary>An array of one number.</summary>
    public required string Filled { get; init; }

    /// <summary>An array that repeats a smaller one.</summary>
    public required string Spread { get; init; }

    /// <summary>Behind an array of true and false: 1 and 0.</summary>
    public required string Indicator { get; init; }

    /// <summary>Behind an array: its numbers as whole numbers.</summary>
    public required string Whole { get; init; }

    /// <summary>Behind an array: a constant for the backward pass.</summary>
    public required string Stopped { get; init; }

    /// <summary>A number of Python as the argument of a function, and what stands behind the function then; null where functions take it as it is.</summary>
    public (string Argument, string Behind)? OfNumber { get; init; }

    /// <summary>Functions that a program defines when it uses them, by name.</summary>
    public required IReadOnlyDictionary<string, string> Definitions { get; init; }

    public static PythonLibrary NumPy { get; } = new("np", "axis", Table("np", "abs", new()
    {
        ["relu"] = "np.maximum({0}, 0)",
        ["step"] = "np.heaviside({0}, 0)",
        ["sigmoid"] = "(1 / (1 + np.exp(-{0})))",
        ["silu"] = "({0} / (1 + np.exp(-{0})))",
        ["softplus"] = "np.logaddexp({0}, 0)",
        ["elu"] = "np.where({0} > 0, {0}, {1} * np.expm1(np.minimum({0}, 0)))",
        ["erf"] = "erf({0})",
        ["normal_cdf"] = "(0.5 * (1 + erf({0} / 2**0.5)))",
        ["gelu"] = "(0.5 * {0} * (1 + erf({0} / 2**0.5)))",
    }))
    {
        Positions = "np.arange({0})",
        Filled = "np.full({1}, {0}, dtype)",
        Spread = "np.broadcast_to({0}, {1})",
        Indicator = ".astype(dtype)",
        Whole = ".astype(int)",
        Stopped = string.Empty,
        Definitions = new Dictionary<string, string>
        {
            ["erf"] = """"
                def erf(x):
                    return np.vectorize(math.erf, otypes=[x.dtype])(x)
                """",
            ["angle"] = KernelText.Angle("np"),
            ["pair_mean"] = KernelText.PairMean("np", "np.diagonal(K)", "np.divide(K, deviation, out=np.zeros_like(K), where=deviation > 0)", "np.sqrt(np.maximum(variance - slope**2, 0))", "np.linspace(-10, 10, 2 * nodes + 1)"),
            ["shifted"] = """"
                def shifted(x, offset, axis):
                    """x at the position i + offset of an axis, zero outside of it."""
                    moved = np.roll(x, -offset, axis)
                    outside = slice(-offset, None) if offset > 0 else slice(0, -offset)
                    moved[(slice(None),) * axis + (outside,)] = 0
                    return moved
                """",
            ["scattered"] = """"
                def scattered(size, rows, values):
                    """An array with size rows: values[k] is added to the row rows[k]."""
                    total = np.zeros((size, *values.shape[rows.ndim:]), values.dtype)
                    np.add.at(total, rows, values)
                    return total
                """",
        },
    };

    public static PythonLibrary PyTorch { get; } = new("torch", "dim", Table("torch", "abs", new()
    {
        ["relu"] = "torch.relu({0})",
        ["step"] = "({0} > 0).to({0}.dtype)",
        ["sigmoid"] = "torch.sigmoid({0})",
        ["silu"] = "nn.functional.silu({0})",
        ["softplus"] = "nn.functional.softplus({0}, threshold=40)",
        ["elu"] = "nn.functional.elu({0}, {1})",
        ["erf"] = "torch.erf({0})",
        ["normal_cdf"] = "(0.5 * (1 + torch.erf({0} / 2**0.5)))",
        ["gelu"] = "nn.functional.gelu({0})",
    }))
    {
        Positions = "torch.arange({0}, device=device)",
        Filled = "torch.full({1}, {0}, dtype=dtype, device=device)",
        Spread = "torch.broadcast_to({0}, {1})",
        Indicator = ".to(dtype)",
        Whole = ".long()",
        Stopped = ".detach()",
        OfNumber = ("torch.tensor({0}, dtype=torch.float64)", ".item()"),
        Definitions = new Dictionary<string, string>
        {
            ["angle"] = KernelText.Angle("torch"),
            ["pair_mean"] = KernelText.PairMean("torch", "K.diagonal()", "torch.where(deviation > 0, K / deviation, torch.zeros_like(K))", "torch.clamp(variance - slope**2, min=0).sqrt()", "torch.linspace(-10, 10, 2 * nodes + 1, dtype=K.dtype, device=K.device)"),
            ["shifted"] = """"
                def shifted(x, offset, dim):
                    """x at the position i + offset of a dimension, zero outside of it."""
                    size, outside = x.shape[dim], torch.zeros_like(x.narrow(dim, 0, min(abs(offset), x.shape[dim])))
                    if abs(offset) >= size:
                        return outside
                    inside = x.narrow(dim, max(offset, 0), size - abs(offset))
                    return torch.cat([inside, outside] if offset > 0 else [outside, inside], dim)
                """",
            ["scattered"] = """"
                def scattered(size, rows, values):
                    """A tensor with size rows: values[k] is added to the row rows[k]."""
                    total = values.new_zeros((size, *values.shape[rows.dim():]))
                    return total.index_add(0, rows.flatten(), values.flatten(0, rows.dim() - 1))
                """",
        },
    };

    private static Dictionary<string, string> Table(string module, string absolute, Dictionary<string, string> own)
    {
        foreach (string same in new[] { "tanh", "sin", "cos", "exp", "log", "sign", "arctan", "arcsin", "arccos" })
        {
            own[same] = $"{module}.{same}({{0}})";
        }

        own["abs"] = $"{module}.{absolute}({{0}})";
        own["leaky_relu"] = $"{module}.where({{0}} > 0, {{0}}, {{1}} * {{0}})";
        own["gaussian"] = $"{module}.exp(-{{0}}**2)";
        own["softsign"] = $"({{0}} / (1 + {module}.abs({{0}})))";
        own["gelu_tanh"] = $"(0.5 * {{0}} * (1 + {module}.tanh((2 / {module}.pi) ** 0.5 * ({{0}} + 0.044715 * {{0}}**3))))";
        return own;
    }
}
