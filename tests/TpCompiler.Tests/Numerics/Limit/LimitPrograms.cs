using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>
/// Limit programs written by hand from arXiv 2011.14522, section 6 and appendix H: the µ-limit of a multilayer perceptron under SGD, with its backward pass spelled out, so that
/// the evaluator is tested without lowering, backpropagation or derivation.
/// </summary>
internal static class LimitPrograms
{
    /// <summary>
    /// L hidden layers, no biases, loss ½(f − y)² averaged over the batch (axis b), inputs x[b,i], targets y[b]. Outputs f[b], before step t.
    /// </summary>
    /// <param name="momentum">β of m ← β m + g, w ← w − η m; 0 for none.</param>
    public static Program Perceptron(int hiddenLayers, Func<Expr, Expr> phi, Func<Expr, Expr> derivative, Rational rate, int steps, int inputs = 1, int batch = 1, Rational momentum = default)
    {
        IndexBinder b = new("b", "batch"), i = new("i", "input");
        var body = new List<Statement>();
        var carried = new List<Carried>();
        var initial = new List<Statement> { new Instruction.Gaussian(Vector("U0", i), 1), new Instruction.Gaussian(Vector("V0"), 1) };
        body.Add(new Instruction.Data(new Definition("x", [b, i], []), "x"));
        body.Add(new Instruction.Data(new Definition("y", [b], []), "y"));
        body.Add(new Instruction.Nonlin(Vector("h1", b), Expr.SumOver(i, Expr.Of("U", "i") * Expr.Of("x", "b", "i"))));
        for (var l = 1; l <= hiddenLayers; l++)
        {
            if (l > 1)
            {
                body.Add(new Instruction.MatMul(Vector($"h{l}", b), Reference($"W{l}"), false, Reference($"x{l - 1}", "b")));
            }

            body.Add(new Instruction.Nonlin(Vector($"x{l}", b), phi(Expr.Of($"h{l}", "b"))));
        }

        body.Add(new Instruction.Moment(new Definition("f", [b], []), "n", Expr.Of("V") * Expr.Of($"x{hiddenLayers}", "b")));
        body.Add(new Instruction.Nonlin(new Definition("chi", [b], []), (Expr.Of("f", "b") - Expr.Of("y", "b")) / batch));
        body.Add(new Instruction.Nonlin(Vector($"dx{hiddenLayers}", b), Expr.Of("V") * Expr.Of("chi", "b")));
        for (var l = hiddenLayers; l >= 1; l--)
        {
            body.Add(new Instruction.Nonlin(Vector($"dh{l}", b), Expr.Of($"dx{l}", "b") * derivative(Expr.Of($"h{l}", "b"))));
            if (l > 1)
            {
                body.Add(new Instruction.MatMul(Vector($"dx{l - 1}", b), Reference($"W{l}"), true, Reference($"dh{l}", "b")));
            }
        }

        Update("U", Vector("U", i), Expr.SumOver(b, Expr.Of("dh1", "b") * Expr.Of("x", "b", "i")));
        Update("V", Vector("V"), Expr.SumOver(b, Expr.Of($"x{hiddenLayers}", "b") * Expr.Of("chi", "b")));
        for (var l = 2; l <= hiddenLayers; l++)
        {
            initial.Add(new Instruction.Gaussian(Matrix($"W{l}0"), Expr.WidthTo("n", -1)));
            UpdateMatrix($"W{l}", new MatrixTerm.Outer(1, [b], Reference($"dh{l}", "b"), Reference($"x{l - 1}", "b")));
        }

        initial.Add(new Loop("t", steps, carried.ToValueList(), body.ToValueList()));
        return new Program("mlp", [new Width("n", 1)], [new Axis("batch", batch), new Axis("input", inputs)], [], initial.ToValueList(), ["f"]);

        void Update(string name, Definition type, Expr gradient)
        {
            Index[] at = [.. type.Indices.Select(binder => (Index)binder.Name)];
            if (!momentum.IsZero)
            {
                initial.Add(new Instruction.Nonlin(type with { Name = $"m{name}0" }, Expr.Zero));
                body.Add(new Instruction.Nonlin(type with { Name = $"m{name}1" }, (momentum * Expr.Of($"m{name}", at)) + gradient));
                carried.Add(new Carried(type with { Name = $"m{name}" }, $"m{name}0", $"m{name}1"));
                gradient = Expr.Of($"m{name}1", at);
            }

            body.Add(new Instruction.Nonlin(type with { Name = $"{name}1" }, Expr.Of(name, at) - (rate * gradient)));
            carried.Add(new Carried(type, $"{name}0", $"{name}1"));
        }

        void UpdateMatrix(string name, MatrixTerm.Outer gradient)
        {
            gradient = gradient with { Coefficient = Expr.WidthTo("n", -1) };
            if (momentum.IsZero)
            {
                body.Add(new Instruction.MatrixSum(Matrix($"{name}1"), [new MatrixTerm.Scaled(1, Reference(name)), gradient with { Coefficient = -rate * gradient.Coefficient }]));
            }
            else
            {
                initial.Add(new Instruction.MatrixSum(Matrix($"m{name}0"), []));
                body.Add(new Instruction.MatrixSum(Matrix($"m{name}1"), [new MatrixTerm.Scaled(momentum, Reference($"m{name}")), gradient]));
                body.Add(new Instruction.MatrixSum(Matrix($"{name}1"), [new MatrixTerm.Scaled(1, Reference(name)), new MatrixTerm.Scaled(-rate, Reference($"m{name}1"))]));
                carried.Add(new Carried(Matrix($"m{name}"), $"m{name}0", $"m{name}1"));
            }

            carried.Add(new Carried(Matrix(name), $"{name}0", $"{name}1"));
        }
    }

    public static Program Perceptron(int hiddenLayers, string phi, Rational rate, int steps, int inputs = 1, int batch = 1, Rational momentum = default) => Perceptron(
        hiddenLayers,
        h => Expr.Apply(phi, h),
        h => new Expr.Call(phi, 1, [], [h]),
        rate,
        steps,
        inputs,
        batch,
        momentum);

    private static Definition Vector(string name, params ReadOnlySpan<IndexBinder> indices) => new(name, ValueList.Create(indices), ["n"]);

    private static Definition Matrix(string name) => new(name, [], ["n", "n"]);

    private static Expr.Reference Reference(string name, params ReadOnlySpan<Index> indices) => (Expr.Reference)Expr.Of(name, indices);
}
