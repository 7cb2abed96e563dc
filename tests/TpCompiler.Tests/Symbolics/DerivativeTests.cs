using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

public class DerivativeTests
{
    private static readonly IndexBinder I = new("i", "input");

    [Fact]
    public void A_sum_over_an_axis_gives_one_adjoint_for_each_occurrence_set()
    {
        var u = new Expr.Reference("U", ["i"]);
        var x = new Expr.Reference("x", ["b", "i"]);
        var adjoints = Derivative.Adjoints(Expr.SumOver(I, u * x));
        Assert.Equal(2, adjoints.Count);
        Assert.Contains(new Adjoint(u, [I], x), adjoints);
        Assert.Contains(new Adjoint(x, [I], u), adjoints);
    }

    [Fact]
    public void A_derivative_keeps_functions_by_name_and_carries_outer_factors()
    {
        var h = new Expr.Reference("h", ["b"]);
        var a = new Expr.Reference("a", []);
        var adjoints = Derivative.Adjoints(a * Expr.Apply("tanh", a * h));
        var prime = new Expr.Call("tanh", 1, [], [a * h]);
        Assert.Contains(new Adjoint(h, [], a * a * prime), adjoints);
        Assert.Contains(new Adjoint(a, [], Expr.Apply("tanh", a * h) + (a * h * prime)), adjoints);
    }

    [Fact]
    public void Equal_names_of_nested_and_neighbouring_sums_are_kept_apart()
    {
        // (Σ_i u[i]) (Σ_i v[i]) f[i], the last i free.
        var u = new Expr.Reference("u", ["i"]);
        var v = new Expr.Reference("v", ["i"]);
        var f = new Expr.Reference("f", ["i"]);
        var body = Expr.ProductOf([Expr.SumOver(I, u), Expr.SumOver(I, v), f]);
        var adjoint = Assert.Single(Derivative.Adjoints(body), adjoint => adjoint.Reference.Name == "u");
        Assert.Equal(new Expr.Reference("u", ["i'"]), adjoint.Reference);
        Assert.Equal(new IndexBinder("i'", "input"), Assert.Single(adjoint.Binders));
        Assert.Equal(f * Expr.SumOver(I, v), adjoint.Derivative);
    }

    [Fact]
    public void The_derivative_of_a_sum_by_one_position_is_its_term_there()
    {
        var body = Expr.Pow(Expr.SumOver(I, Expr.Of("w", "i") * Expr.Of("x", "i")), 2);
        Assert.Equal(
            2 * Expr.Of("w", "j") * Expr.SumOver(I, Expr.Of("w", "i") * Expr.Of("x", "i")),
            Derivative.Of(body, new Expr.Reference("x", ["j"])));
    }

    [Fact]
    public void Softmax_has_its_two_kinds_of_occurrence()
    {
        var f = new Expr.Reference("f", ["c"]);
        var d = new IndexBinder("d", "class");
        var softmax = Expr.Apply("exp", f) / Expr.SumOver(d, Expr.Apply("exp", Expr.Of("f", "d")));
        var adjoints = Derivative.Adjoints(softmax);
        Assert.Equal(2, adjoints.Count);
        Assert.Single(adjoints, adjoint => adjoint.Reference == f && adjoint.Binders.Count == 0);
        Assert.Single(adjoints, adjoint => adjoint.Reference == new Expr.Reference("f", ["d"]) && adjoint.Binders.Count == 1);
    }

    [Fact]
    public void Renaming_an_index_avoids_capture()
    {
        var body = Expr.SumOver(I, Expr.Of("x", "b", "i"));
        Assert.Equal(Expr.SumOver(new IndexBinder("i'", "input"), Expr.Of("x", "i", "i'")), body.RenameIndex("b", "i"));
        Assert.Equal(body, body.RenameIndex("i", "k"));
        Assert.Equal(["b"], body.FreeIndices());
        var swapped = Expr.Of("x", "a", "b").ReplaceIndices(new Dictionary<string, TpCompiler.Symbolics.Index> { ["a"] = "b", ["b"] = "a" });
        Assert.Equal(Expr.Of("x", "b", "a"), swapped);
        Assert.Equal(Expr.Of("x", new TpCompiler.Symbolics.Index.Fixed(3)), Expr.Of("x", new TpCompiler.Symbolics.Index.Shifted("p", 1)).ReplaceIndex("p", new TpCompiler.Symbolics.Index.Fixed(2)));
    }
}
