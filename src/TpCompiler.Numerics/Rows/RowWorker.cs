using System.Numerics;
using System.Runtime.CompilerServices;
using TpCompiler.Ir;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Rows;

/// <summary>One thread of a <see cref="RowMachine{T}"/>: its columns of every table, row after row and each on a cache line's boundary, filled up with zeros.</summary>
/// <typeparam name="T">What coordinates of vectors are stored in.</typeparam>
internal sealed unsafe class RowWorker<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Together = 4;

    private readonly RowMachine<T> machine;
    private readonly RowProgram program;
    private readonly int firstPart;
    private readonly int lastPart;
    private readonly int start;
    private readonly int length;
    private readonly int stride;
    private readonly int[] counters;
    private readonly Action[] actions;
    private readonly AlignedArray<T>[] cells;
    private readonly T[]?[] shared;
    private readonly LargeArray<T>?[] own;
    private readonly RowsAhead ahead;
    private int invalid;

    /// <param name="machine">What the threads have in common.</param>
    /// <param name="program">What a step is.</param>
    /// <param name="firstPart">The first part of the columns that is this thread's.</param>
    /// <param name="lastPart">The first part behind that isn't.</param>
    /// <param name="widthValue">What n is in a power of the width.</param>
    /// <param name="formulas">Formulas that follow each other, by the place of the first.</param>
    public RowWorker(RowMachine<T> machine, RowProgram program, int firstPart, int lastPart, double widthValue, IReadOnlyDictionary<int, Action<double[]>> formulas)
    {
        (this.machine, this.program, this.firstPart, this.lastPart) = (machine, program, firstPart, lastPart);
        start = machine.Bounds[firstPart];
        length = machine.Bounds[lastPart] - start;
        stride = Whole(length);
        cells = [.. Enumerable.Range(0, program.Cells).Select(_ => new AlignedArray<T>(stride))];
        shared = new T[program.Tables.Count][];
        own = new LargeArray<T>[program.Tables.Count];
        ahead = new RowsAhead(program);
        Slots = [.. program.Slots.Select(constant => constant switch
        {
            null or Expr.IndexValue => 0,
            Expr.WidthPower power => Math.Pow(widthValue, power.Exponent.ToDouble()),
            _ when constant == RowCompiler.PerCoordinate => 1.0 / machine.Columns,
            _ => constant.ToDouble(),
        })];
        counters = [.. Enumerable.Range(0, Slots.Length).Where(slot => program.Slots[slot] is Expr.IndexValue)];
        actions = [.. Actions(formulas)];
    }

    public double[] Slots { get; }

    /// <summary>What every thread but the first does until the machine is disposed of.</summary>
    public void Live()
    {
        for (var meeting = 0; ; meeting++)
        {
            machine.Barrier.Wait();
            switch (machine.Task(meeting))
            {
                case RowTask.Step:
                    Run();
                    break;
                case RowTask.End:
                    return;
            }
        }
    }

    /// <summary>Its part of a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run()
    {
        CopyIn();
        foreach (var counter in counters)
        {
            Slots[counter] = machine.Counter;
        }

        var sample = machine.Sample;
        for (var read = 0; read < sample.Length; read++)
        {
            sample[read].Span.CopyTo(Slots.AsSpan(program.Reads[read].FirstSlot));
        }

        ahead.Look(machine.NextSample);

        // A row that isn't there is met by every thread at the same place.
        invalid = -1;
        for (var i = 0; i < actions.Length && invalid < 0; i++)
        {
            actions[i]();
        }
    }

    /// <summary>Writes its columns to the tables as the interpreter has them.</summary>
    public void CopyOut()
    {
        for (var table = 0; table < own.Length; table++)
        {
            for (var row = 0; row < program.Tables[table].Rows && own[table] is { } columns; row++)
            {
                new ReadOnlySpan<T>(columns.Pointer + ((long)row * stride), length).CopyTo(shared[table].AsSpan((row * machine.Columns) + start));
            }
        }
    }

    public (Instruction, double)? Failure()
    {
        if (invalid >= 0)
        {
            return (program.Causes[invalid]!, double.NaN);
        }

        if (LinearCombination.AllFinite<double>(Slots))
        {
            return null;
        }

        var slot = Array.FindIndex(Slots, number => !double.IsFinite(number));
        return (program.Causes[slot]!, Slots[slot]);
    }

    public void Dispose()
    {
        foreach (var table in own)
        {
            table?.Dispose();
        }
    }

    /// <summary>Whole cache lines.</summary>
    private static int Whole(int count) => (count + RowKernels.Lanes<T>() - 1) / RowKernels.Lanes<T>() * RowKernels.Lanes<T>();

    /// <summary>Takes its columns out of tables that it hasn't seen: columns of another thread between them would make the caches wait for each other.</summary>
    private void CopyIn()
    {
        for (var table = 0; table < own.Length; table++)
        {
            if (shared[table] == machine.Tables[table])
            {
                continue;
            }

            shared[table] = machine.Tables[table];
            own[table] ??= new LargeArray<T>((long)program.Tables[table].Rows * stride);
            for (var row = 0; row < program.Tables[table].Rows; row++)
            {
                shared[table].AsSpan((row * machine.Columns) + start, length).CopyTo(new Span<T>(own[table]!.Pointer + ((long)row * stride), length));
            }
        }
    }

    /// <summary>What is done, formulas that follow each other in one piece.</summary>
    private IEnumerable<Action> Actions(IReadOnlyDictionary<int, Action<double[]>> formulas)
    {
        for (var i = 0; i < program.Steps.Count; i++)
        {
            switch (program.Steps[i])
            {
                case RowStep.Formula when formulas.TryGetValue(i, out var run):
                    yield return () => run(Slots);
                    break;
                case RowStep.Dots dots:
                    RowStep.Dot[] products = [.. dots.Products.OrderBy(dot => dot.Left is RowSource.Row ? 0 : 1)];
                    yield return () => Compute(products);
                    break;
                case RowStep.Revise revise:
                    RowRevision[] changes = [.. revise.Changes];
                    yield return () => Revise(revise, changes);
                    break;
                case RowStep.Accumulate first when IsOneChange(first, i + 1) is { } both:
                    var turn = ahead.NewTurn();
                    i++;
                    yield return () => AccumulateAndChange(first, both, turn);
                    break;
                case RowStep.Accumulate accumulate:
                    yield return () => Accumulate(accumulate);
                    break;
                case RowStep.Change change:
                    var plan = new RowChange(change);
                    yield return () => Change(change, plan);
                    break;
            }
        }
    }

    /// <summary>The change right behind, when it is of the row that is accumulated alone: then the row is read once for both.</summary>
    private RowStep.Change? IsOneChange(RowStep.Accumulate accumulate, int place) =>
        accumulate is { IsFirst: false, Source: RowSource.Row row } && program.Steps.ElementAtOrDefault(place) is RowStep.Change change && change.Table == row.Table
            && change.Entries.All(entry => entry.Row == row.Number && entry.Cell != accumulate.Cell) && change.Entries.Select(entry => entry.Cell).OfType<int>().Distinct().Count() == 1
            ? change
            : null;

    private void Compute(RowStep.Dot[] products)
    {
        var rows = stackalloc T*[products.Length];
        var factors = stackalloc T*[products.Length];
        for (var i = 0; i < products.Length; i++)
        {
            var (row, factor) = products[i].Right is RowSource.Row ? (products[i].Right, products[i].Left) : (products[i].Left, products[i].Right);
            if ((rows[i] = Find(row)) == null || (factors[i] = Find(factor)) == null)
            {
                return;
            }
        }

        Span<double> sums = stackalloc double[Together];
        for (var part = firstPart; part < lastPart; part++)
        {
            var (at, count, partial) = (machine.Bounds[part] - start, Whole(machine.Bounds[part + 1] - machine.Bounds[part]), machine.Partial[part]);
            for (var i = 0; i < products.Length;)
            {
                if (i + Together <= products.Length && factors[i] == factors[i + 1] && factors[i] == factors[i + 2] && factors[i] == factors[i + 3])
                {
                    RowKernels.Dots(factors[i] + at, rows[i] + at, rows[i + 1] + at, rows[i + 2] + at, rows[i + 3] + at, count, sums);
                    for (var k = 0; k < Together; k++)
                    {
                        partial[products[i++].Slot] = sums[k];
                    }
                }
                else
                {
                    partial[products[i].Slot] = RowKernels.Dot(factors[i] + at, rows[i] + at, count);
                    i++;
                }
            }
        }

        machine.Barrier.Wait();
        foreach (var product in products)
        {
            var sum = 0.0;
            foreach (var part in machine.Partial)
            {
                sum += part[product.Slot];
            }

            Slots[product.Slot] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Revise(RowStep.Revise revise, RowRevision[] changes)
    {
        var slots = Slots;
        var row = slots[revise.Row];
        for (var i = 0; i < changes.Length;)
        {
            var (change, factor, added) = (changes[i].Change, 1.0, 0.0);
            for (; i < changes.Length && changes[i].Change == change; i++)
            {
                if (slots[changes[i].Row] == row)
                {
                    factor += changes[i].Dot is null ? slots[changes[i].Coefficient] : 0;
                    added += changes[i].Dot is { } dot ? slots[changes[i].Coefficient] * slots[dot] : 0;
                }
            }

            slots[revise.Slot] = (slots[revise.Slot] * factor) + added;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AccumulateAndChange(RowStep.Accumulate accumulate, RowStep.Change change, int turn)
    {
        var coefficient = Slots[accumulate.Coefficient];
        var (self, factor, cell) = (1.0, 0.0, 0);
        foreach (var entry in change.Entries)
        {
            self += entry.Cell is null ? Slots[entry.Coefficient] : 0;
            factor += entry.Cell is null ? 0 : Slots[entry.Coefficient];
            cell = entry.Cell ?? cell;
        }

        var row = Find(accumulate.Source);
        if ((coefficient != 0 || self != 1 || factor != 0) && row != null)
        {
            RowKernels.AxpyAndCombine(
                T.CreateTruncating(coefficient), cells[accumulate.Cell].Pointer, T.CreateTruncating(self), T.CreateTruncating(factor), cells[cell].Pointer, row, Soon(turn, 0, row), Soon(turn, 1, row), stride);
        }
    }

    /// <summary>A row of the next step that memory is asked for meanwhile, or this row.</summary>
    private T* Soon(int turn, int number, T* row) =>
        ahead.Row(turn, number) is var (table, index) && (uint)index < (uint)program.Tables[table].Rows ? own[table]!.Pointer + ((long)index * stride) : row;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate(RowStep.Accumulate accumulate)
    {
        var cell = cells[accumulate.Cell].Pointer;
        var coefficient = Slots[accumulate.Coefficient];
        if (coefficient == 0)
        {
            if (accumulate.IsFirst)
            {
                new Span<T>(cell, stride).Clear();
            }
        }
        else if (Find(accumulate.Source) is var source && source != null)
        {
            var factor = T.CreateTruncating(coefficient);
            if (accumulate.IsFirst)
            {
                RowKernels.Scale(factor, source, cell, stride);
            }
            else
            {
                RowKernels.Axpy(factor, source, cell, stride);
            }
        }
    }

    /// <summary>Rows are changed one after the other, each by the sum of all entries that name it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Change(RowStep.Change change, RowChange plan)
    {
        plan.Collect(Slots);
        for (var i = 0; i < plan.Count; i++)
        {
            if (!plan.IsChanged(i))
            {
                continue;
            }

            var row = Find(change.Table, plan.Row(i));
            if (row == null)
            {
                return;
            }

            var self = T.CreateTruncating(plan.Self(i));
            for (var k = 0; k < plan.Cells.Length; k++)
            {
                RowKernels.Combine(self, T.CreateTruncating(plan.Coefficient(i, k)), cells[plan.Cells[k]].Pointer, row, stride);
                self = T.One;
            }

            if (plan.Cells.Length == 0)
            {
                RowKernels.Scale(self, row, row, stride);
            }
        }
    }

    /// <summary>Where a vector begins; null when there is no such row.</summary>
    private T* Find(RowSource source) => source is RowSource.Cell cell ? cells[cell.Number].Pointer : Find(((RowSource.Row)source).Table, ((RowSource.Row)source).Number);

    private T* Find(int table, int slot)
    {
        var number = Slots[slot];
        var row = (int)number;
        if (row == number && (uint)row < (uint)program.Tables[table].Rows)
        {
            return own[table]!.Pointer + ((long)row * stride);
        }

        invalid = slot;
        return null;
    }
}
