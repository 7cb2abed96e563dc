using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// Makes the nodes of one body. Factors that don't depend on the variable of a sum are taken out of it, sums of sums are one sum, a sum of terms is
/// summed term by term (each term may then be a matrix product), and scalar factors are gathered apart from wide ones.
/// </summary>
/// <param name="values">The program's values.</param>
/// <param name="widthValue">n for each width.</param>
internal sealed class NodeBuilder(ValueTable values, Func<string, double> widthValue)
{
    private readonly List<Node> nodes = [];
    private readonly List<Variable> variables = [];
    private readonly Dictionary<(Expr, string), Node> known = [];

    /// <summary>All nodes, each after those that it needs.</summary>
    public IReadOnlyList<Node> Nodes => nodes;

    public Variable Bind(IndexBinder binder) => Bind(binder.Name, values.SizeOfAxis(binder.Axis));

    public Node Build(Expr expr, Scope scope)
    {
        var key = (expr, scope.Signature(expr));
        if (!known.TryGetValue(key, out var node))
        {
            known[key] = node = Make(expr, scope);
        }

        return node;
    }

    public bool IsWide(Expr expr) => expr switch
    {
        Expr.Reference reference => values.Definition(values.Slot(reference.Name)).Kind == ValueKind.Vector,
        _ => expr.Children.Any(IsWide),
    };

    public BoundIndex Bind(Index index, Scope scope) => index switch
    {
        Index.Fixed at => new BoundIndex.Fixed(at.Position),
        Index.Variable variable => Bind(variable.Name, 0, scope),
        Index.Shifted shifted => Bind(shifted.Name, shifted.Offset, scope),
        Index.Lookup lookup => new BoundIndex.Lookup(values.Slot(lookup.Row.Name), Rows(lookup.Row, scope)),
        _ => throw new UnreachableException(),
    };

    public RowTable Rows(Expr.Reference reference, Scope scope)
    {
        var bound = reference.Indices.Select(index => Bind(index, scope)).ToArray();
        var space = IndexSpace.Sorted(bound.SelectMany(VariablesOf).Distinct());
        return new RowTable(space, bound, values.Shape(values.Slot(reference.Name)));

        static IEnumerable<Variable> VariablesOf(BoundIndex index) => index switch
        {
            BoundIndex.Variable variable => [variable.Of],
            BoundIndex.Lookup lookup => lookup.Rows.Space.Variables,
            _ => [],
        };
    }

    /// <summary>A product's scalar part (null for 1) and its wide factors.</summary>
    public (Node? Scalar, List<Node> Wide) Split(Expr expr, Scope scope)
    {
        var factors = expr is Expr.Multiply product ? product.Factors : [expr];
        var scalar = Expr.ProductOf(factors.Where(factor => !IsWide(factor)));
        var wide = factors.Where(IsWide).SelectMany(factor => SplitWide(factor, scope)).ToList();
        return (scalar.IsOne ? null : Build(scalar, scope), wide);
    }

    /// <summary>1 where the variable is below the named index.</summary>
    public Node Below(Variable variable, string bound, Scope scope) => Register(new Node.Below(variable, scope.Find(bound), bound));

    private static BoundIndex Bind(string name, int offset, Scope scope) => scope.Find(name) is { } variable
        ? new BoundIndex.Variable(variable, offset)
        : new BoundIndex.Counter(name, offset);

    private Variable Bind(string name, int size)
    {
        var variable = new Variable(name, size, variables.Count);
        variables.Add(variable);
        return variable;
    }

    // A power with a small positive exponent is a product of the same factor: cheaper, and a square in a Moment is a dot product.
    private IEnumerable<Node> SplitWide(Expr factor, Scope scope) => factor is Expr.Power { Exponent: { IsInteger: true } exponent } power && exponent == 2
        ? Enumerable.Repeat(Build(power.Base, scope), 2)
        : [Build(factor, scope)];

    private Node Make(Expr expr, Scope scope) => expr switch
    {
        Expr.Constant constant => Register(new Node.Constant(constant.Value.ToDouble())),
        Expr.Pi => Register(new Node.Constant(Math.PI)),
        Expr.WidthPower width => Register(new Node.Constant(Math.Pow(widthValue(width.Width), width.Exponent.ToDouble()))),
        Expr.IndexValue index => Register(scope.Find(index.Index) is { } variable ? new Node.Position(variable) : new Node.Counter(index.Index)),
        Expr.Reference reference => Register(new Node.Reference(values.Slot(reference.Name), Rows(reference, scope), IsWide(reference))),
        Expr.Add add => MakeAdd(add, scope),
        Expr.Multiply multiply => MakeMultiply(multiply, scope),
        Expr.Power power => MakePower(power, scope),
        Expr.Call call => MakeCall(call, scope),
        Expr.Sum sum => MakeSum(sum, scope),
        Expr.Expectation => throw new ArgumentException("An instruction's body holds no expectation.", nameof(expr)),
        _ => throw new UnreachableException(),
    };

    private Node Register(Node node)
    {
        node.Id = nodes.Count;
        nodes.Add(node);
        return node;
    }

    private Node MakeAdd(Expr.Add add, Scope scope)
    {
        if (!IsWide(add))
        {
            var terms = add.Terms.Select(term => ((Node?)Build(term, scope), (Node?)null)).ToList();
            return Register(new Node.Add(IndexSpace.Union(terms.Select(term => term.Item1!.Space)), wide: false, null, terms));
        }

        var scalars = Expr.SumOf(add.Terms.Where(term => !IsWide(term)));
        var addend = scalars.IsZero ? null : Build(scalars, scope);
        var wide = add.Terms.Where(IsWide).Select(term =>
        {
            var (scalar, factors) = Split(term, scope);
            return (scalar, (Node?)(factors.Count == 1 ? factors[0] : Product(null, factors)));
        }).ToList();
        var spaces = wide.SelectMany(term => new[] { term.scalar, term.Item2, addend }).OfType<Node>().Select(node => node.Space);
        return Register(new Node.Add(IndexSpace.Union(spaces), wide: true, addend, wide));
    }

    private Node MakeMultiply(Expr.Multiply multiply, Scope scope)
    {
        if (!IsWide(multiply))
        {
            return Product(null, multiply.Factors.Select(factor => Build(factor, scope)).ToList());
        }

        // c Σ_i s x_i is Σ_i (c s) x_i: one matrix product of scalars with rows.
        if (multiply.Factors.Where(IsWide).ToList() is [Expr.Sum { Body: not (Expr.Add or Expr.Sum) } sum] && !multiply.Factors.Where(factor => factor != sum).Any(factor => Scope.Mentions(factor, sum.Index.Name)))
        {
            return MakeSum(new Expr.Sum(sum.Index, Expr.ProductOf(multiply.Factors.Select(factor => factor == sum ? sum.Body : factor))), scope);
        }

        var (scalar, factors) = Split(multiply, scope);
        return Product(scalar, factors);
    }

    private Node MakePower(Expr.Power power, Scope scope)
    {
        var operand = Build(power.Base, scope);
        return power.Exponent == 2 && operand.Wide ? Product(null, [operand, operand]) : Register(new Node.Power(operand, power.Exponent));
    }

    private Node MakeCall(Expr.Call call, Scope scope)
    {
        if (call.Derivative > 0)
        {
            return Build(Nonlinearities.Expand(call), scope);
        }

        var arguments = call.Arguments.Select(argument => Build(argument, scope)).ToList();
        return Register(new Node.Call(IndexSpace.Union(arguments.Select(node => node.Space)), arguments.Any(node => node.Wide), call, arguments));
    }

    private Node MakeSum(Expr.Sum sum, Scope scope)
    {
        var over = new List<Variable>();
        Node? mask = null;
        Expr body = sum;
        while (body is Expr.Sum inner)
        {
            var variable = Bind(inner.Index);
            over.Add(variable);
            if (inner.Index.Below is { } bound)
            {
                var below = Below(variable, bound, scope);
                mask = mask is null ? below : Product(null, [mask, below]);
            }

            scope = scope.With(inner.Index.Name, variable);
            body = inner.Body;
        }

        var terms = body is Expr.Add add ? add.Terms : [body];
        var sums = terms.Select(term => MakeSumOfTerm(term, over, mask, scope)).ToList();
        if (sums.Count == 1)
        {
            return sums[0];
        }

        var space = IndexSpace.Union(sums.Select(node => node.Space));
        var scalars = sums.Where(node => !node.Wide).ToList();
        var wides = sums.Where(node => node.Wide).ToList();
        if (wides.Count == 0)
        {
            return Register(new Node.Add(space, wide: false, null, [.. scalars.Select(node => ((Node?)node, (Node?)null))]));
        }

        var addend = scalars.Count switch
        {
            0 => null,
            1 => scalars[0],
            _ => Register(new Node.Add(IndexSpace.Union(scalars.Select(node => node.Space)), wide: false, null, [.. scalars.Select(node => ((Node?)node, (Node?)null))])),
        };
        return Register(new Node.Add(space, wide: true, addend, [.. wides.Select(node => ((Node?)null, (Node?)node))]));
    }

    private Node MakeSumOfTerm(Expr term, List<Variable> over, Node? mask, Scope scope)
    {
        // Scalar by scalar: their product would be a node of its own, which nobody needs.
        var all = term is Expr.Multiply product ? product.Factors : [term];
        var scalars = all.Where(factor => !IsWide(factor) && !factor.IsOne).Select(factor => Build(factor, scope)).ToList();
        var wide = all.Where(IsWide).SelectMany(factor => SplitWide(factor, scope)).ToList();

        bool Depends(Node node) => node.Space.Variables.Any(over.Contains);
        var innerScalars = scalars.Where(Depends).Concat(mask is null ? [] : [mask]).ToList();
        var innerWide = wide.Where(Depends).ToList();
        var outerScalars = scalars.Where(node => !Depends(node)).ToList();
        var outerWide = wide.Where(node => !Depends(node)).ToList();
        if (innerWide is [Node.Reference] && outerWide.Count == 0 && innerScalars.Count > 0)
        {
            innerScalars.AddRange(outerScalars);
            outerScalars.Clear();
        }

        var innerScalar = innerScalars.Count switch { 0 => null, 1 => innerScalars[0], _ => Product(null, innerScalars) };
        var innerProduct = innerWide.Count switch { 0 => null, 1 => innerWide[0], _ => Product(null, innerWide) };

        Node inner;
        var space = IndexSpace.Union(innerScalars.Concat(innerWide).Select(node => node.Space).Append(IndexSpace.Sorted(over)));
        inner = innerProduct is null
            ? Register(new Node.Sum(over, space, null, innerScalar ?? Register(new Node.Constant(1))))
            : Register(new Node.Sum(over, space, innerScalar, innerProduct));
        if (outerScalars.Count + outerWide.Count == 0)
        {
            return inner;
        }

        if (!inner.Wide)
        {
            outerScalars.Add(inner);
            return outerWide.Count == 0 ? Product(null, outerScalars) : Product(One(outerScalars), outerWide);
        }

        return Product(outerScalars.Count == 0 ? null : One(outerScalars), [.. outerWide, inner]);

        Node One(List<Node> list) => list.Count == 1 ? list[0] : Product(null, list);
    }

    public Node.Multiply Product(Node? scalar, List<Node> factors)
    {
        var all = scalar is null ? factors : [.. factors, scalar];
        return (Node.Multiply)Register(new Node.Multiply(
            IndexSpace.Union(all.Select(node => node.Space)), factors.Any(node => node.Wide), scalar, factors));
    }
}
