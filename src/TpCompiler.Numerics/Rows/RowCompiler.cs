using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.Rows;

/// <summary>
/// Reads the body of a training loop as a <see cref="RowProgram"/>: sums over finite axes are written out, equal numbers are computed once, and a table is its state and the rows that were changed since. A gradient
/// such as Σ_b g_b h_b [j = token_b] is never a table: its terms are changes of rows.
/// </summary>
internal sealed class RowCompiler
{
    /// <summary>Of numbers and vectors in a step; a program with more is better run array by array.</summary>
    private const int Most = 4096;

    private readonly Loop loop;
    private readonly Func<string, int> sizeOfAxis;
    private readonly Dictionary<string, Definition> definitions;
    private readonly HashSet<string> tableAxes;
    private readonly List<(string Name, int Rows)> tables = [];
    private readonly List<int> versions = [];
    private readonly List<Expr?> slots = [];
    private readonly List<Instruction?> causes = [];
    private readonly List<RowData> reads = [];
    private readonly List<RowStep> steps = [];
    private readonly Dictionary<Expr, int> formulas = [];
    private readonly Dictionary<(RowSource Left, RowSource Right), int> dots = [];
    private readonly Dictionary<string, int[]> scalars = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, int Position), IReadOnlyList<Term>> vectors = [];
    private readonly Dictionary<(string Name, int Position), RowSource> sources = [];
    private readonly Dictionary<string, Table> values = new(StringComparer.Ordinal);
    private Instruction? cause;
    private int cells;
    private bool refused;

    private RowCompiler(Program program, Loop loop, Func<string, int> sizeOfAxis)
    {
        this.loop = loop;
        this.sizeOfAxis = sizeOfAxis;
        definitions = program.Body.Definitions().GroupBy(definition => definition.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        tableAxes = loop.Carried.SelectMany(carried => carried.State.Indices).Select(binder => binder.Axis).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The step, or null when it isn't made of rows: another kind of state, a matrix, a Nonlin that isn't linear in the vectors, a change of whole tables.</summary>
    public static RowProgram? Of(Program program, Loop loop, Func<string, int> sizeOfAxis)
    {
        if (program.Widths.Count != 1 || loop.Carried.Any(carried => carried.State is not { Kind: ValueKind.Vector, Indices.Count: 1 }) || !loop.Body.All(IsPossible)
            || !loop.Body.Instructions().Any(instruction => instruction.Expressions().SelectMany(expr => expr.References()).Any(IsLookup)))
        {
            return null;
        }

        return new RowCompiler(program, loop, sizeOfAxis).Compile(program.Widths[0].Name);

        bool IsLookup(Expr.Reference reference) => reference.Indices is [Index.Lookup] && loop.Carried.Any(carried => carried.State.Name == reference.Name);

        static bool IsPossible(Statement statement) => statement switch
        {
            Instruction.Data => true,
            Instruction.Nonlin or Instruction.Moment => ((Instruction)statement).Expressions().SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().All(sum => sum.Index.Below is null),
            _ => false,
        };
    }

    private RowProgram? Compile(string width)
    {
        foreach (var carried in loop.Carried)
        {
            values.Add(carried.State.Name, new Table(tables.Count, 0, []));
            tables.Add((carried.State.Name, sizeOfAxis(carried.State.Indices[0].Axis)));
            versions.Add(0);
        }

        foreach (var instruction in loop.Body.OfType<Instruction>())
        {
            cause = instruction;
            Read(instruction);
            if (refused || slots.Count + cells + steps.Count > Most * 4)
            {
                return null;
            }
        }

        for (var table = 0; table < tables.Count; table++)
        {
            // A state goes on as itself, in its last version.
            if (values.GetValueOrDefault(loop.Carried[table].Next) is not { Entries: [] } next || next.Of != table || next.Version != versions[table])
            {
                return null;
            }
        }

        if (RowSchedule.Of(steps) is not { } order)
        {
            return null;
        }

        var together = RowSchedule.Speculate(order, slot =>
        {
            cause = causes[slot];
            return NewSlot(null);
        });
        return new RowProgram(width, tables, slots, reads, cells, together, causes, scalars);
    }

    private void Read(Instruction instruction)
    {
        var definition = instruction.Result;
        if (definition.Kind == ValueKind.Vector && definition.Indices.Any(binder => tableAxes.Contains(binder.Axis)))
        {
            ReadTable((Instruction.Nonlin)instruction);
            return;
        }

        var shape = definition.Indices.Select(binder => sizeOfAxis(binder.Axis)).ToArray();
        var count = shape.Aggregate(1L, (product, size) => product * size);
        if (count > Most)
        {
            refused = true;
            return;
        }

        if (instruction is Instruction.Data data)
        {
            reads.Add(new RowData(data.Field, shape, slots.Count));
            scalars.Add(definition.Name, [.. Enumerable.Range(0, (int)count).Select(_ => NewSlot(null))]);
            return;
        }

        var positions = new int[count];
        for (var position = 0; position < count && !refused; position++)
        {
            var body = At(instruction.Expressions().Single(), definition, shape, position);
            if (definition.Kind == ValueKind.Vector)
            {
                vectors.Add((definition.Name, position), Linear(body) ?? Refuse());
            }
            else
            {
                positions[position] = instruction is Instruction.Moment ? Moment(body) : Number(body);
            }
        }

        if (definition.Kind == ValueKind.Scalar)
        {
            scalars.Add(definition.Name, positions);
        }
    }

    /// <summary>T′[j] = T[j] + Σ …[j = row] …, or only such terms.</summary>
    private void ReadTable(Instruction.Nonlin nonlin)
    {
        if (nonlin.Result.Indices is not [var binder] || Linear(WrittenOut(nonlin.Body)) is not { } terms)
        {
            refused = true;
            return;
        }

        var j = new Expr.IndexValue(binder.Name);
        Table? whole = null;
        var entries = new List<Entry>();
        foreach (var (coefficient, vector) in terms)
        {
            var factors = coefficient is Expr.Multiply product ? product.Factors : [coefficient];
            var condition = factors.FirstOrDefault(factor => Conditions.EqualDifference(factor) is { } difference && Mentions(difference));
            var rest = Expr.ProductOf(factors.Where(factor => factor != condition));
            if (Mentions(rest))
            {
                refused = true;
                return;
            }

            var isTable = values.TryGetValue(vector.Name, out var value) && vector.Indices is [Index.Variable own] && own.Name == binder.Name;
            if (condition is not null)
            {
                var difference = Conditions.EqualDifference(condition)!;
                var row = Mentions(difference + j) ? j - difference : difference + j;
                if (Mentions(row) || (isTable && value!.Entries.Count > 0))
                {
                    refused = true;
                    return;
                }

                var number = Number(row);
                entries.Add(new Entry(number, rest, isTable ? new RowSource.Row(value!.Of, value.Version, number) : Source(vector)));
            }
            else if (!isTable)
            {
                refused = true;
                return;
            }
            else
            {
                entries.AddRange(value!.Entries.Select(entry => entry with { Coefficient = rest * entry.Coefficient }));
                if (value.Version >= 0 && (whole is not null || rest != Expr.One))
                {
                    refused = true;
                    return;
                }

                whole = value.Version >= 0 ? value : whole;
            }

            if (refused)
            {
                return;
            }
        }

        values.Add(nonlin.Result.Name, whole is null || entries.Count == 0 ? new Table(whole?.Of ?? -1, whole?.Version ?? -1, entries) : Change(whole, entries));

        bool Mentions(Expr expr) => expr.DescendantsAndSelf().Contains(j);
    }

    private Table Change(Table old, List<Entry> entries)
    {
        if (old.Version != versions[old.Of])
        {
            refused = true;
            return old;
        }

        var changes = entries.Select(entry => new RowEntry(entry.Row, Number(entry.Coefficient), entry.Source == new RowSource.Row(old.Of, old.Version, entry.Row) ? null : CellOf(entry.Source))).ToValueList();
        var version = ++versions[old.Of];
        steps.Add(new RowStep.Change(old.Of, version, changes));
        return new Table(old.Of, version, []);
    }

    private int CellOf(RowSource source)
    {
        if (source is RowSource.Cell cell)
        {
            return cell.Number;
        }

        steps.Add(new RowStep.Accumulate(cells, true, Number(Expr.One), source));
        return cells++;
    }

    /// <summary>The mean over coordinates of a quadratic form: a multiple of dot products.</summary>
    private int Moment(Expr body)
    {
        if (Quadratic(body) is not { } terms)
        {
            refused = true;
            return 0;
        }

        var sum = terms.Select(term => term.Coefficient * RowProgram.SlotReference(Dot(Source(term.Left), Source(term.Right))));
        return Number(Expr.SumOf(sum) * RowProgram.SlotReference(ConstantSlot(PerCoordinate)));
    }

    /// <summary>Stands for 1/n, n the number of coordinates of the carrier.</summary>
    public static readonly Expr PerCoordinate = new Expr.Reference("1/n", []);

    private int Dot(RowSource left, RowSource right)
    {
        if (dots.TryGetValue((left, right), out var slot) || dots.TryGetValue((right, left), out slot))
        {
            return slot;
        }

        dots.Add((left, right), slot = NewSlot(null));
        steps.Add(new RowStep.Dot(slot, left, right));
        return slot;
    }

    /// <summary>What a reference to a vector reads: a row, or a cell that its linear combination is collected in.</summary>
    private RowSource Source(Expr.Reference vector)
    {
        if (values.TryGetValue(vector.Name, out var table))
        {
            var number = vector.Indices is [Index.Lookup or Index.Fixed] ? Number(vector.Indices[0].AsValue()) : 0;
            refused |= table.Entries.Count > 0 || table.Version < 0 || vector.Indices is not [Index.Lookup or Index.Fixed];
            return new RowSource.Row(table.Of, table.Version, number);
        }

        if (!definitions.TryGetValue(vector.Name, out var definition) || Position(vector, definition) is not { } position || !vectors.TryGetValue((vector.Name, position), out var terms))
        {
            refused = true;
            return new RowSource.Cell(0);
        }

        if (sources.TryGetValue((vector.Name, position), out var known))
        {
            return known;
        }

        if (terms is [{ Coefficient: var one, Vector: var only }] && one == Expr.One)
        {
            return sources[(vector.Name, position)] = Source(only);
        }

        var cell = cells++;
        var (before, isFirst) = (cause, true);
        foreach (var (coefficient, part) in terms)
        {
            steps.Add(new RowStep.Accumulate(cell, isFirst, Number(coefficient), Source(part)));
            isFirst = false;
        }

        cause = before;
        return sources[(vector.Name, position)] = new RowSource.Cell(cell);
    }

    /// <summary>The slot of a number, given by values of the program.</summary>
    private int Number(Expr expr)
    {
        var body = InSlots(expr);
        if (body is Expr.Reference { Name: ['#', .. var digits] })
        {
            return int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
        }

        if (!body.References().Any())
        {
            return ConstantSlot(body);
        }

        if (!formulas.TryGetValue(body, out var slot))
        {
            formulas.Add(body, slot = NewSlot(null));
            steps.Add(new RowStep.Formula(slot, body));
        }

        return slot;
    }

    private int ConstantSlot(Expr value)
    {
        if (!formulas.TryGetValue(value, out var slot))
        {
            formulas.Add(value, slot = NewSlot(value));
        }

        return slot;
    }

    private int NewSlot(Expr? constant)
    {
        slots.Add(constant);
        causes.Add(cause);
        return slots.Count - 1;
    }

    private Expr InSlots(Expr expr)
    {
        switch (expr)
        {
            case Expr.Reference { Name: ['#', ..] }:
                return expr;
            case Expr.Reference reference when scalars.TryGetValue(reference.Name, out var own) && Position(reference, definitions[reference.Name]) is { } position:
                return position < 0 ? Expr.Zero : RowProgram.SlotReference(own[position]);
            case Expr.WidthPower or Expr.IndexValue when expr is Expr.WidthPower || expr == new Expr.IndexValue(loop.Counter):
                return RowProgram.SlotReference(ConstantSlot(expr));
            case Expr.Reference or Expr.IndexValue or Expr.Sum or Expr.Expectation:
                refused = true;
                return Expr.Zero;
            default:
                return expr.MapChildren(InSlots);
        }
    }

    /// <summary>The position of a reference with fixed indices; −1 outside of an axis, where it reads 0; null for other indices.</summary>
    private int? Position(Expr.Reference reference, Definition definition)
    {
        var position = 0;
        foreach (var (index, binder) in reference.Indices.Zip(definition.Indices))
        {
            if (index is not Index.Fixed at)
            {
                return null;
            }

            var size = sizeOfAxis(binder.Axis);
            position = position < 0 || at.Position < 0 || at.Position >= size ? -1 : (position * size) + at.Position;
        }

        return position;
    }

    private Expr At(Expr body, Definition definition, int[] shape, int position)
    {
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            body = body.ReplaceIndex(definition.Indices[axis].Name, new Index.Fixed(position % shape[axis]));
            position /= shape[axis];
        }

        return WrittenOut(body);
    }

    /// <summary>Sums over finite axes, term by term.</summary>
    private Expr WrittenOut(Expr expr)
    {
        if (expr is not Expr.Sum sum)
        {
            return expr.MapChildren(WrittenOut);
        }

        var size = sizeOfAxis(sum.Index.Axis);
        refused |= size > Most;
        return refused ? Expr.Zero : Expr.SumOf(Enumerable.Range(0, size).Select(i => WrittenOut(sum.Body.ReplaceIndex(sum.Index.Name, new Index.Fixed(i)))));
    }

    private bool IsVector(Expr expr) => expr is Expr.Reference reference && definitions.TryGetValue(reference.Name, out var definition) && definition.Kind == ValueKind.Vector;

    private bool HasVectors(Expr expr) => expr.DescendantsAndSelf().Any(IsVector);

    /// <summary>An expression that is linear in vectors; null for others.</summary>
    private IReadOnlyList<Term>? Linear(Expr expr)
    {
        switch (expr)
        {
            case Expr.Constant { Value.IsZero: true }:
                return [];
            case Expr.Reference reference when IsVector(reference):
                return Outside(reference) ? [] : [new Term(Expr.One, reference)];
            case Expr.Add add:
                var parts = add.Terms.Select(Linear).ToList();
                return parts.Contains(null) ? null : [.. parts.SelectMany(part => part!)];
            case Expr.Multiply product:
                return product.Factors.Where(HasVectors).ToList() is [var only] && Linear(only) is { } terms
                    ? [.. terms.Select(term => term with { Coefficient = Expr.ProductOf(product.Factors.Where(factor => factor != only)) * term.Coefficient })]
                    : null;
            default:
                return null;
        }
    }

    private bool Outside(Expr.Reference vector) => !values.ContainsKey(vector.Name) && Position(vector, definitions[vector.Name]) == -1;

    /// <summary>An expression every term of which is a product of two vectors; null for others.</summary>
    private IReadOnlyList<Pair>? Quadratic(Expr expr)
    {
        switch (expr)
        {
            case Expr.Constant { Value.IsZero: true }:
                return [];
            case Expr.Add add:
                var parts = add.Terms.Select(Quadratic).ToList();
                return parts.Contains(null) ? null : [.. parts.SelectMany(part => part!)];
            case Expr.Power { Base: var basis } power when power.Exponent == 2:
                return Product(Expr.One, Linear(basis), Linear(basis));
            case Expr.Multiply product:
                var rest = Expr.ProductOf(product.Factors.Where(factor => !HasVectors(factor)));
                return product.Factors.Where(HasVectors).ToList() switch
                {
                    [var only] => Quadratic(only)?.Select(pair => pair with { Coefficient = rest * pair.Coefficient }).ToList(),
                    [var left, var right] => Product(rest, Linear(left), Linear(right)),
                    _ => null,
                };
            default:
                return null;
        }

        static IReadOnlyList<Pair>? Product(Expr coefficient, IReadOnlyList<Term>? left, IReadOnlyList<Term>? right) => left is null || right is null
            ? null
            : [.. left.SelectMany(x => right.Select(y => new Pair(coefficient * x.Coefficient * y.Coefficient, x.Vector, y.Vector)))];
    }

    private IReadOnlyList<Term> Refuse()
    {
        refused = true;
        return [];
    }

    private sealed record Term(Expr Coefficient, Expr.Reference Vector);

    private sealed record Pair(Expr Coefficient, Expr.Reference Left, Expr.Reference Right);

    /// <summary>coefficient · source, in the row with this number.</summary>
    private sealed record Entry(int Row, Expr Coefficient, RowSource Source);

    /// <summary>A version of a state; or, with version −1, a table of which only these entries aren't 0.</summary>
    private sealed record Table(int Of, int Version, IReadOnlyList<Entry> Entries);
}
