using System.Globalization;
using TpCompiler.Ir;

namespace TpCompiler.Emit.Targets;

/// <summary>What of a training only tpc does.</summary>
internal static class LeftOut
{
    /// <summary>A sentence or two for the reader of an emitted program; null when nothing is left out.</summary>
    public static string? Of(TrainingPlan? plan)
    {
        string measured = plan?.Test is null && plan?.TestData is null && plan?.Validation is null ? string.Empty : "The program trains; tests on other data are those of `tpc run`.";
        string passes = plan?.Text?.Epochs is { } epochs ? string.Create(CultureInfo.InvariantCulture, $"`tpc run` goes through the text {epochs} times; `--steps` says how many steps are made here, and the file has as many as `tpc run --steps` made.") : string.Empty;
        return (measured + (measured.Length > 0 && passes.Length > 0 ? " " : string.Empty) + passes) is { Length: > 0 } text ? text : null;
    }
}
