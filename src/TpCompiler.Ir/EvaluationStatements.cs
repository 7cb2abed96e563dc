using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>The forward pass once more, on other inputs with the same weights.</summary>
internal static class EvaluationStatements
{
    public static (ValueList<Instruction.Data> Inputs, ValueList<Statement> Forward, ValueList<string> Outputs) Of(Network network, EvaluationSet? evaluation)
    {
        if (evaluation is null)
        {
            return ([], [], []);
        }

        var names = network.Inputs.Zip(evaluation.Inputs).ToDictionary(pair => pair.First.Result.Name, pair => pair.Second.Result.Name, StringComparer.Ordinal);
        foreach (var definition in network.Forward.Definitions())
        {
            names[definition.Name] = definition.Name + evaluation.Suffix;
        }

        return (
            evaluation.Inputs,
            network.Forward.Select(statement => OnAxis(statement.RenameValues(names.GetValueOrDefault), network.BatchAxis, evaluation.Axis.Name)).ToValueList(),
            network.Outputs.Select(output => names.GetValueOrDefault(output, output)).ToValueList());
    }

    /// <summary>Every index variable over one axis made to run over another of the same meaning.</summary>
    private static Statement OnAxis(Statement statement, string from, string to)
    {
        return statement switch
        {
            Instruction.MatrixSum sum => sum with { Result = InDefinition(sum.Result), Terms = sum.Terms.Select(InTerm).ToValueList() },
            Instruction instruction => instruction.MapExpressions(InExpr) with { Result = InDefinition(instruction.Result) },
            Loop loop => loop with
            {
                Carried = loop.Carried.Select(carried => carried with { State = InDefinition(carried.State) }).ToValueList(),
                Body = loop.Body.Select(inner => OnAxis(inner, from, to)).ToValueList(),
            },
            _ => throw new System.Diagnostics.UnreachableException(),
        };

        Definition InDefinition(Definition definition) => definition with { Indices = Binders(definition.Indices) };

        ValueList<IndexBinder> Binders(ValueList<IndexBinder> binders) => binders.Select(InBinder).ToValueList();

        IndexBinder InBinder(IndexBinder binder) => binder.Axis == from ? binder with { Axis = to } : binder;

        Expr InExpr(Expr expr)
        {
            var mapped = expr.MapChildren(InExpr);
            return mapped is Expr.Sum sum ? Expr.SumOver(InBinder(sum.Index), sum.Body) : mapped;
        }

        MatrixTerm InTerm(MatrixTerm term) => term switch
        {
            MatrixTerm.Outer outer => outer with { Coefficient = InExpr(outer.Coefficient), Over = Binders(outer.Over) },
            _ => term with { Coefficient = InExpr(term.Coefficient) },
        };
    }
}
