namespace TpCompiler.Symbolics;

/// <summary>Where a function of one variable is not smooth.</summary>
public static class Kinks
{
    private const int Samples = 2048;
    private const double Range = 64;

    /// <summary>The points x with |x| &lt; 64 at which the argument of a function inside <paramref name="expr"/> meets one of that function's kinks, in order.</summary>
    public static double[] Of(Expr expr, Expr.Reference variable)
    {
        var kinks = new SortedSet<double>();
        foreach (var call in expr.DescendantsAndSelf().OfType<Expr.Call>().Where(call => call.References().Contains(variable)))
        {
            foreach (var kink in KinksOf(call))
            {
                AddRoots(Evaluation.Compile(call.Arguments[0], variable), kink.ToDouble());
            }
        }

        return [.. kinks];

        void AddRoots(Func<double, double> argument, double level)
        {
            var step = 2 * Range / Samples;
            for (var i = 0; i < Samples; i++)
            {
                // Grid points lie beside round numbers, where most kinks are: those are then found by bisection, exactly.
                var a = -Range + ((i - 0.37) * step);
                var (left, right) = (a, a + step);
                var (atLeft, atRight) = (argument(left) - level, argument(right) - level);
                if (!(atLeft * atRight < 0))
                {
                    continue;
                }

                for (var k = 0; k < 100 && right - left > 1e-16 * Math.Abs(left); k++)
                {
                    var middle = 0.5 * (left + right);
                    var atMiddle = argument(middle) - level;
                    if (atMiddle == 0)
                    {
                        (left, right) = (middle, middle);
                    }
                    else if ((atMiddle < 0) == (atLeft < 0))
                    {
                        left = middle;
                    }
                    else
                    {
                        right = middle;
                    }
                }

                var root = 0.5 * (left + right);
                kinks.Add(Math.Abs(root) < 1e-14 ? 0 : root);
            }
        }
    }

    private static ValueList<Rational> KinksOf(Expr.Call call) => Nonlinearities.Get(call.Function).Kinks;
}
