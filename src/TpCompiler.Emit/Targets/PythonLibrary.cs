namespace TpCompiler.Emit.Targets;

/// <summary>What an array library of Python calls things.</summary>
/// <param name="Module">The module's name in the code.</param>
/// <param name="Axis">The keyword that says over which dimension to sum.</param>
/// <param name="Functions">For each function of the table of nonlinearities its text: {0} the argument, {1} the parameter.</param>
internal sealed record PythonLibrary(string Module, string Axis, IReadOnlyDictionary<string, string> Functions)
{
    public static PythonLibrary NumPy { get; } = new("np", "axis", Table("np", "abs", new()
    {
        ["relu"] = "np.maximum({0}, 0)",
        ["step"] = "np.heaviside({0}, 0)",
        ["sigmoid"] = "(1 / (1 + np.exp(-{0})))",
        ["silu"] = "({0} / (1 + np.exp(-{0})))",
        ["softplus"] = "np.logaddexp({0}, 0)",
        ["elu"] = "np.where({0} > 0, {0}, {1} * np.expm1(np.minimum({0}, 0)))",
    }));

    public static PythonLibrary PyTorch { get; } = new("torch", "dim", Table("torch", "abs", new()
    {
        ["relu"] = "torch.relu({0})",
        ["step"] = "({0} > 0).to({0}.dtype)",
        ["sigmoid"] = "torch.sigmoid({0})",
        ["silu"] = "nn.functional.silu({0})",
        ["softplus"] = "nn.functional.softplus({0})",
        ["elu"] = "nn.functional.elu({0}, {1})",
        ["erf"] = "torch.erf({0})",
        ["normal_cdf"] = "(0.5 * (1 + torch.erf({0} / 2**0.5)))",
        ["gelu"] = "nn.functional.gelu({0})",
    }));

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
