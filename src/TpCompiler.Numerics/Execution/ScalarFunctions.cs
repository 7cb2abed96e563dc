using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>The numeric side of the table of nonlinearities, a number at a time.</summary>
internal static class ScalarFunctions
{
    public static Func<double, double> Of(Expr.Call call) => Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative);
}
