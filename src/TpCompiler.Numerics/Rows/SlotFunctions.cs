using System.Diagnostics;
using System.Globalization;
using System.Linq.Expressions;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Rows;

/// <summary>Formulas as machine code: a step has hundreds of them between a few short loops over coordinates.</summary>
internal static class SlotFunctions
{
    /// <summary>Computes formulas one after the other, each into its slot.</summary>
    public static Action<double[]> Compile(IEnumerable<RowStep.Formula> formulas)
    {
        var slots = Expression.Parameter(typeof(double[]), "slots");
        var assignments = formulas.Select(formula => Expression.Assign(Slot(formula.Slot), Of(formula.Body)));
        return Expression.Lambda<Action<double[]>>(Expression.Block([.. assignments, Expression.Empty()]), slots).Compile();

        Expression Slot(int slot) => Expression.ArrayAccess(slots, Expression.Constant(slot));

        Expression Of(Expr expr) => expr switch
        {
            Expr.Constant or Expr.Pi => Expression.Constant(expr.ToDouble()),
            Expr.Reference { Name: ['#', .. var digits] } => Slot(int.Parse(digits, CultureInfo.InvariantCulture)),
            Expr.Add add => add.Terms.Select(Of).Aggregate(Expression.Add),
            Expr.Multiply { Factors: [Expr.Constant { Value: var sign }, ..] } product when sign == -1 => Expression.Negate(product.Factors.Skip(1).Select(Of).Aggregate(Expression.Multiply)),
            Expr.Multiply product => product.Factors.Select(Of).Aggregate(Expression.Multiply),
            Expr.Power power => Expression.Invoke(Expression.Constant(Evaluation.RealPower(power.Exponent)), Of(power.Base)),
            Expr.Call { Arguments: [var argument] } call => Expression.Invoke(Expression.Constant(Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative)), Of(argument)),
            _ => throw new UnreachableException(),
        };
    }
}
