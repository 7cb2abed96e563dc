using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Rows;

/// <summary>
/// Takes steps of a <see cref="RowProgram"/> on tables that are changed in place. Each thread has columns of its own of every vector, and computes every number for itself; they meet only for dot products, whose parts
/// don't depend on the number of threads.
/// </summary>
/// <typeparam name="T">What coordinates of vectors are stored in. Numbers are double.</typeparam>
internal sealed class RowMachine<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int MostParts = 16;

    /// <summary>Columns of a part at least: for fewer, waiting would take longer than they do.</summary>
    private const int LeastColumns = 256;

    private readonly RowProgram program;
    private readonly int columns;
    private readonly int[] bounds;
    private readonly Tensor<double>[] data;
    private int step;
    private readonly Dictionary<int, Action<double[]>> formulas = [];
    private readonly Worker[] workers;
    private readonly StepBarrier barrier;
    private T[][] tables = [];
    private bool isAhead;
    private bool isOver;

    /// <param name="program">What a step is.</param>
    /// <param name="columns">Coordinates of a vector.</param>
    /// <param name="widthValue">What n is in a power of the width.</param>
    /// <param name="threads">Threads at most.</param>
    public RowMachine(RowProgram program, int columns, double widthValue, int threads)
    {
        this.program = program;
        this.columns = columns;
        var parts = 1;
        while (parts < MostParts && columns / (2 * parts) >= LeastColumns)
        {
            parts *= 2;
        }

        // Whole cache lines, but for the last part.
        bounds = [.. Enumerable.Range(0, parts).Select(part => (int)((long)columns * part / parts) & ~15), columns];
        data = [.. program.Reads.Select(read => new Tensor<double>(read.Shape, 1))];
        var count = Math.Max(1, Math.Min(threads, parts / 2));
        barrier = new StepBarrier(count);
        Again = program.Steps.OfType<RowStep.DotAgain>().Select((again, place) => (again, place)).ToDictionary(pair => pair.again.Product.Slot, pair => program.Slots.Count + pair.place);
        Partial = new double[parts][];
        for (var part = 0; part < parts; part++)
        {
            Partial[part] = new double[program.Slots.Count + Again.Count];
        }

        for (var i = 0; i < program.Steps.Count; i++)
        {
            var run = program.Steps.Skip(i).TakeWhile(step => step is RowStep.Formula).Cast<RowStep.Formula>().ToList();
            if (run.Count > 0)
            {
                formulas.Add(i, SlotFunctions.Compile(run));
                i += run.Count;
            }
        }

        workers = [.. Enumerable.Range(0, count).Select(number => new Worker(this, parts * number / count, parts * (number + 1) / count, widthValue))];
        foreach (var worker in workers.Skip(1))
        {
            new Thread(worker.Live) { IsBackground = true, Name = "tpc rows" }.Start();
        }
    }

    /// <summary>The instruction whose number stopped being finite in the last step, and the number.</summary>
    public (Instruction Instruction, double Value)? Failure { get; private set; }

    private Dictionary<int, int> Again { get; }

    private double[][] Partial { get; }

    /// <summary>A step.</summary>
    /// <param name="t">The counter of the loop.</param>
    /// <param name="states">The tables, row after row, in the order of the program.</param>
    /// <param name="feed">Where the numbers of Data come from.</param>
    public void Step(int t, T[][] states, IDataFeed feed)
    {
        for (var read = 0; read < data.Length; read++)
        {
            feed.Read(program.Reads[read].Field, [t], data[read]);
        }

        (tables, step) = (states, t);
        barrier.Wait();
        workers[0].Run();
        barrier.Wait();
        isAhead = workers.Length > 1;
        Failure = workers[0].Failure();
    }

    /// <summary>Brings the tables that the last step was given up to date: with several threads each changes columns of its own.</summary>
    public void Settle()
    {
        if (isAhead)
        {
            foreach (var worker in workers)
            {
                worker.CopyOut();
            }

            isAhead = false;
        }
    }

    /// <summary>The value of a slot after the last step.</summary>
    public double this[int slot] => workers[0].Slots[slot];

    public void Dispose()
    {
        isOver = true;
        barrier.Wait();
    }

    private sealed class Worker
    {
        private readonly RowMachine<T> machine;
        private readonly int firstPart;
        private readonly int lastPart;
        private readonly int start;
        private readonly int length;
        private readonly int[] counters;
        private readonly Action[] actions;
        private readonly RowProgram program;
        private readonly T[][] cells;
        private readonly T[][] shared;
        private readonly T[][] own;
        private int invalid;

        public Worker(RowMachine<T> machine, int firstPart, int lastPart, double widthValue)
        {
            (this.machine, this.firstPart, this.lastPart, program) = (machine, firstPart, lastPart, machine.program);
            start = machine.bounds[firstPart];
            length = machine.bounds[lastPart] - start;
            cells = [.. Enumerable.Range(0, program.Cells).Select(_ => new T[length])];
            shared = new T[program.Tables.Count][];
            own = new T[program.Tables.Count][];
            Slots = [.. program.Slots.Select(constant => constant switch
            {
                null or Expr.IndexValue => 0,
                Expr.WidthPower power => Math.Pow(widthValue, power.Exponent.ToDouble()),
                _ when constant == RowCompiler.PerCoordinate => 1.0 / machine.columns,
                _ => constant.ToDouble(),
            })];
            counters = [.. Enumerable.Range(0, Slots.Length).Where(slot => program.Slots[slot] is Expr.IndexValue)];
            actions = [.. Actions(machine.formulas)];
        }

        public double[] Slots { get; }

        /// <summary>What every thread but the first does until the machine is disposed of.</summary>
        public void Live()
        {
            while (true)
            {
                machine.barrier.Wait();
                if (machine.isOver)
                {
                    return;
                }

                Run();
                machine.barrier.Wait();
            }
        }

        /// <summary>Takes its columns out of tables that it hasn't seen: columns of another thread between them would make the caches wait for each other.</summary>
        private void CopyIn()
        {
            for (var table = 0; table < own.Length; table++)
            {
                if (shared[table] == machine.tables[table])
                {
                    continue;
                }

                shared[table] = machine.tables[table];
                if (length == machine.columns)
                {
                    own[table] = shared[table];
                    continue;
                }

                own[table] ??= new T[program.Tables[table].Rows * length];
                for (var row = 0; row < program.Tables[table].Rows; row++)
                {
                    shared[table].AsSpan((row * machine.columns) + start, length).CopyTo(own[table].AsSpan(row * length));
                }
            }
        }

        public void CopyOut()
        {
            for (var table = 0; table < own.Length && length < machine.columns; table++)
            {
                for (var row = 0; row < program.Tables[table].Rows; row++)
                {
                    own[table].AsSpan(row * length, length).CopyTo(shared[table].AsSpan((row * machine.columns) + start));
                }
            }
        }

        public void Run()
        {
            CopyIn();
            foreach (var counter in counters)
            {
                Slots[counter] = machine.step;
            }

            for (var read = 0; read < machine.data.Length; read++)
            {
                machine.data[read].Span.CopyTo(Slots.AsSpan(program.Reads[read].FirstSlot));
            }

            // A row that isn't there is met by every thread at the same place.
            invalid = -1;
            for (var i = 0; i < actions.Length && invalid < 0; i++)
            {
                actions[i]();
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
                        RowStep.Dot[] products = [.. dots.Products];
                        yield return () => Compute(products);
                        break;
                    case RowStep.DotAgain again:
                        int[] changed = [.. again.Changed];
                        yield return () => ComputeAgain(again.Product, changed);
                        break;
                    case RowStep.Accumulate first when IsOneChange(first, i + 1) is { } both:
                        i++;
                        yield return () => AccumulateAndChange(first, both);
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
            foreach (var dot in products)
            {
                Parts(dot, dot.Slot);
            }

            machine.barrier.Wait();
            foreach (var dot in products)
            {
                Sum(dot, dot.Slot);
            }
        }

        private void ComputeAgain(RowStep.Dot product, int[] changed)
        {
            var slots = Slots;
            var row = slots[((product.Left as RowSource.Row) ?? (RowSource.Row)product.Right).Number];
            foreach (var slot in changed)
            {
                if (slots[slot] == row)
                {
                    var place = machine.Again[product.Slot];
                    Parts(product, place);
                    machine.barrier.Wait();
                    Sum(product, place);
                    return;
                }
            }
        }

        /// <summary>The sums over parts of the columns, for everyone.</summary>
        private void Parts(RowStep.Dot dot, int place)
        {
            if (!TryFind(dot.Left, out var left, out var from) || !TryFind(dot.Right, out var right, out var other))
            {
                return;
            }

            for (var part = firstPart; part < lastPart; part++)
            {
                var (at, count) = (machine.bounds[part] - start, machine.bounds[part + 1] - machine.bounds[part]);
                machine.Partial[part][place] = double.CreateTruncating(LinearCombination.Dot<T>(left.AsSpan(from + at, count), right.AsSpan(other + at, count)));
            }
        }

        private void Sum(RowStep.Dot dot, int place)
        {
            var sum = 0.0;
            foreach (var part in machine.Partial)
            {
                sum += part[place];
            }

            Slots[dot.Slot] = sum;
        }

        private void AccumulateAndChange(RowStep.Accumulate accumulate, RowStep.Change change)
        {
            var coefficient = Slots[accumulate.Coefficient];
            var (self, factor, cell) = (1.0, 0.0, 0);
            foreach (var entry in change.Entries)
            {
                self += entry.Cell is null ? Slots[entry.Coefficient] : 0;
                factor += entry.Cell is null ? 0 : Slots[entry.Coefficient];
                cell = entry.Cell ?? cell;
            }

            var row = (RowSource.Row)accumulate.Source;
            if ((coefficient != 0 || self != 1 || factor != 0) && TryFind(row, out var table, out var from))
            {
                LinearCombination.AxpyAndCombine(
                    T.CreateTruncating(coefficient),
                    cells[accumulate.Cell].AsSpan(),
                    T.CreateTruncating(self),
                    T.CreateTruncating(factor),
                    cells[cell],
                    table.AsSpan(from, length));
            }
        }

        private void Accumulate(RowStep.Accumulate accumulate)
        {
            var cell = cells[accumulate.Cell];
            var coefficient = Slots[accumulate.Coefficient];
            if (coefficient == 0)
            {
                if (accumulate.IsFirst)
                {
                    Array.Clear(cell);
                }
            }
            else if (TryFind(accumulate.Source, out var array, out var from))
            {
                var source = array.AsSpan(from, length);
                var factor = T.CreateTruncating(coefficient);
                if (accumulate.IsFirst)
                {
                    LinearCombination.Scale(factor, source, cell);
                }
                else
                {
                    LinearCombination.Axpy(factor, source, cell);
                }
            }
        }

        /// <summary>Rows are changed one after the other, each by the sum of all entries that name it.</summary>
        private void Change(RowStep.Change change, RowChange plan)
        {
            plan.Collect(Slots);
            var table = own[change.Table];
            for (var i = 0; i < plan.Count; i++)
            {
                if (!plan.IsChanged(i))
                {
                    continue;
                }

                if (!IsRow(change.Table, plan.Row(i), out var from))
                {
                    return;
                }

                var row = table.AsSpan(from, length);
                var self = T.CreateTruncating(plan.Self(i));
                for (var k = 0; k < plan.Cells.Length; k++)
                {
                    var cell = cells[plan.Cells[k]];
                    LinearCombination.Combine<T>(self, T.CreateTruncating(plan.Coefficient(i, k)), cell, row);
                    self = T.One;
                }

                if (plan.Cells.Length == 0)
                {
                    LinearCombination.Scale(self, row, row);
                }
            }
        }

        private bool TryFind(RowSource source, out T[] array, out int from)
        {
            if (source is RowSource.Cell cell)
            {
                (array, from) = (cells[cell.Number], 0);
                return true;
            }

            var row = (RowSource.Row)source;
            array = own[row.Table];
            return IsRow(row.Table, row.Number, out from);
        }

        private bool IsRow(int table, int slot, out int from)
        {
            var number = Slots[slot];
            var row = (int)number;
            from = row * length;
            if (row == number && (uint)row < (uint)program.Tables[table].Rows)
            {
                return true;
            }

            invalid = slot;
            return false;
        }
    }
}
