using System.Text;
using TpCompiler.Limits;

namespace TpCompiler.Emit.Targets;

/// <summary>Names of the source as Python's.</summary>
internal static class PythonNames
{
    private static readonly HashSet<string> Reserved =
    [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except", "finally",
        "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
        "np", "torch", "nn", "dist", "self", "data", "weights", "dtype", "rng", "series", "samples", "range", "len", "round", "sum", "max", "steps", "seed", "start", "device", "math", "processes", "normal", "whole", "total", "share", "mine", "every", "model", "optimizer",
        // What a module has.
        "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu", "cuda", "double", "draw", "dump_patches", "eval", "extra_repr", "float", "forward", "half", "ipu", "load",
        "modules", "mtia", "parameter_groups", "parameters", "requires_grad_", "reset_parameters", "rows", "share_memory", "state_dict", "to", "to_empty", "train", "training", "type", "xpu", "zero_grad",
        "shifted", "scattered", "erf", "slice", "law", "factors", "points", "generator",
    ];

    /// <summary>Whether a text has a name, by itself: not <c>x.name</c>, not <c>name=</c>.</summary>
    public static bool Mentions(string text, string name) => System.Text.RegularExpressions.Regex.IsMatch(text, $@"(?<![\w.]){name}(?!\w|=)");

    /// <summary>The name itself wherever Python has it; a prime is written out.</summary>
    public static string Of(string name)
    {
        if (name == CoefficientProgram.One)
        {
            return "one";
        }

        StringBuilder text = new();
        foreach (char c in name)
        {
            text.Append(c == '\'' ? "_prime" : char.IsAsciiLetterOrDigit(c) || c == '_' ? c.ToString() : "_");
        }

        return Reserved.Contains(text.ToString()) ? text + "_" : text.ToString();
    }
}
