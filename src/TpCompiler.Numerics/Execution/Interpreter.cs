using System.Diagnostics;
using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// Walks a program, block by block and loop by loop, with the operations on coordinates and scalars done; what a matrix and a fresh Gaussian are is
/// up to the carrier that derives from it.
/// </summary>
/// <typeparam name="T">What coordinates of vectors are stored in. Scalars are always double.</typeparam>
/// <typeparam name="TMatrix">The carrier's matrices.</typeparam>
public abstract partial class Interpreter<T, TMatrix>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TMatrix : class
{
    private readonly Program program;
    private readonly ExecutionSettings settings;
    private readonly ValueTable table;
    private readonly Liveness liveness;
    private readonly Dictionary<Instruction, object> compiled = new(ReferenceEqualityComparer.Instance);
    private readonly Value<T, TMatrix>?[] values;
    private readonly BufferPool<T> vectorPool = new();
    private readonly HashSet<string> recorded;
    private readonly Dictionary<Loop, ValueList<Statement>> lastTimes = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Instruction, bool> joinable = new(ReferenceEqualityComparer.Instance);
    private readonly List<ExecutionRecord> records = [];
    private readonly List<int> iteration = [];
    private readonly List<string> counters = [];
    private readonly Frame frame;
    private IDataFeed data = NoData.Instance;
    private CancellationToken cancellation;
    private IProgress<ExecutionProgress>? progress;
    private (int Done, int Total) steps;
    private NotFiniteValue? failure;
    private bool isCancelled;
    private Training? training;

    /// <param name="program">A verified program.</param>
    /// <param name="settings">Sizes and threads.</param>
    protected Interpreter(Program program, ExecutionSettings settings)
    {
        this.program = program;
        this.settings = settings;
        table = new ValueTable(program, settings.SizeOfAxisIn(program));
        liveness = Liveness.Of(program);
        values = new Value<T, TMatrix>?[table.Count];
        recorded = [.. program.Outputs, .. settings.AlsoRecord];
        frame = new Frame(this);
    }

    /// <summary>The counters of the loops around the statement being run, outermost first.</summary>
    protected ReadOnlySpan<int> Iteration => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(iteration);

    protected int Threads => settings.Threads;

    /// <summary>Whether coordinates count differently in means.</summary>
    protected virtual bool IsWeighted => false;

    /// <summary>What each coordinate counts in a mean, 1 on average; null when they all count the same.</summary>
    protected virtual T[]? WeightsOf(Instruction.Moment moment) => null;

    /// <summary>Called with the numbers of each Moment, which may be replaced.</summary>
    protected virtual void MomentComputed(Span<double> means)
    {
    }

    /// <summary>Called before an instruction is run.</summary>
    protected virtual void Running(Instruction instruction)
    {
    }

    /// <summary>Whether the carrier holds on to the memory of vectors (as factors); then no memory is used twice.</summary>
    protected virtual bool KeepsVectors => false;

    /// <summary>Runs the program from its start.</summary>
    public ExecutionResult Run(IDataFeed feed, IProgress<ExecutionProgress>? onProgress = null, CancellationToken cancel = default)
    {
        (data, progress, cancellation) = (feed, onProgress, cancel);
        (failure, isCancelled) = (null, false);
        steps = (0, program.Body.OfType<Loop>().Sum(loop => loop.Count));
        records.Clear();
        iteration.Clear();
        counters.Clear();
        Array.Clear(values);
        RunBlock(program.Body);
        return new ExecutionResult(records.ToValueList(), failure, isCancelled);
    }

    /// <summary>
    /// Runs a program whose one loop at the top is a training, and lets somebody look at it. What stands behind the loop runs when the observer measures, and not by itself.
    /// </summary>
    public ExecutionResult Train(IDataFeed feed, ITrainingObserver observer, IProgress<ExecutionProgress>? onProgress = null, CancellationToken cancel = default)
    {
        training = new Training(this, program.Body.OfType<Loop>().Single(), observer);
        try
        {
            return Run(feed, onProgress, cancel);
        }
        finally
        {
            training = null;
        }
    }

    /// <summary>How many coordinates a vector over this width has here.</summary>
    protected abstract int Coordinates(string width);

    /// <summary>What n is in a power of this width.</summary>
    protected abstract double WidthValue(string width);

    /// <summary>Fills a fresh Gaussian vector, row after row (a row for each position of its axes).</summary>
    protected abstract void GaussianVector(Definition definition, double variance, Span<T> rows);

    /// <summary>Fills a fresh Gaussian scalar.</summary>
    protected abstract void GaussianScalar(Definition definition, double variance, Span<double> numbers);

    /// <summary>A fresh Gaussian matrix at a position of its axes.</summary>
    protected abstract TMatrix GaussianMatrix(Definition definition, int position, double variance);

    /// <summary>y_b = M x_b, or Mᵀ x_b: x and y are <paramref name="count"/> vectors one after the other; y holds rubbish before.</summary>
    protected abstract void MatMul(TMatrix matrix, bool transposed, ReadOnlySpan<T> x, Span<T> y, int count);

    /// <summary>The sum of scaled matrices and of factors; none of either is the zero matrix. Factors are only lent, unless <see cref="KeepsVectors"/>.</summary>
    protected abstract TMatrix MatrixSum(
        Definition definition, int position, IReadOnlyList<ScaledMatrix<TMatrix>> matrices, IReadOnlyList<OuterFactors<T>> factors);

    /// <summary>Whether every value shall be computed, also those that nothing reads: the updates of the last iteration.</summary>
    protected virtual bool NeedsEveryValue => false;

    /// <summary>Whether <see cref="MatMulAndSum"/> is worth calling.</summary>
    protected virtual bool JoinsProductAndUpdate => false;

    /// <summary><see cref="MatMul"/>, then the <see cref="MatrixSum"/> that takes the matrix's place, in one pass; null, with nothing done, when that can't be.</summary>
    protected virtual TMatrix? MatMulAndSum(
        TMatrix matrix,
        bool transposed,
        ReadOnlySpan<T> x,
        Span<T> y,
        int count,
        Definition sum,
        IReadOnlyList<ScaledMatrix<TMatrix>> matrices,
        IReadOnlyList<OuterFactors<T>> factors) => null;

    /// <summary>Whether matrices have entries that can be saved.</summary>
    protected virtual bool MatricesHaveEntries => false;

    /// <summary>The entries of a matrix, row after row, on a limit's carrier n times those at each pair of points; none for the zero matrix.</summary>
    protected virtual double[] Entries(TMatrix matrix) => throw new UnreachableException();

    /// <summary>The matrix of these entries.</summary>
    protected virtual TMatrix MatrixOf(Definition definition, double[] entries) => throw new UnreachableException();

    /// <summary>Called when nothing refers to a matrix any more.</summary>
    protected virtual void Release(TMatrix matrix)
    {
    }

    /// <summary>Called with each scalar as it is computed.</summary>
    protected virtual void ScalarComputed(Definition definition, Tensor<double> value)
    {
    }

    /// <summary>Called with each vector as it is computed.</summary>
    protected virtual void VectorComputed(Definition definition, Tensor<T> value)
    {
    }

    /// <summary>Called with each matrix as it is computed, one for each position of its axes.</summary>
    protected virtual void MatrixComputed(Definition definition, IReadOnlyList<TMatrix> value)
    {
    }

    private void RunBlock(ValueList<Statement> block)
    {
        for (var i = 0; i < block.Count; i++)
        {
            var statement = block[i];
            if (statement is Instruction.MatMul product && i + 1 < block.Count && block[i + 1] is Instruction.MatrixSum sum && TryRunTogether(product, sum))
            {
                i++;
            }
            else if (statement is Instruction instruction)
            {
                RunInstruction(instruction);
            }
            else
            {
                RunLoop((Loop)statement);
                if (training?.Loop == statement)
                {
                    return;
                }
            }

            if (failure is not null || isCancelled)
            {
                return;
            }

            Drop(liveness.After(statement));
            if (block[i] != statement)
            {
                Drop(liveness.After(block[i]));
            }
        }
    }

    /// <summary>A product with a matrix and, right after it, the sum that replaces this matrix.</summary>
    private bool TryRunTogether(Instruction.MatMul product, Instruction.MatrixSum sum)
    {
        if (!JoinsProductAndUpdate)
        {
            return false;
        }

        if (!joinable.TryGetValue(product, out var canJoin))
        {
            joinable[product] = canJoin = sum.Result.Indices.Count == 0 && !Liveness.Uses(sum).Contains(product.Result.Name)
                && sum.Terms.OfType<MatrixTerm.Scaled>().Any(term => term.Matrix == product.Matrix);
        }

        if (!canJoin)
        {
            return false;
        }

        var plan = Compiled(product, () => new MatMulPlan(product, table, WidthValue));
        if (plan.Groups(frame) is not [{ IsDirect: true } group] || group.VectorRows.Length != Shape(product.Result).Aggregate(1, (rows, size) => rows * size))
        {
            return false;
        }

        TMatrix? updated = null;
        var vector = NewVector(product.Result);
        var x = RowGroups.Gather(frame.Vector(plan.VectorSlot), group.VectorRows, vectorPool, out var copy);
        var matrix = values[plan.MatrixSlot]!.Matrices![group.Matrix];
        var sumPlan = Compiled(sum, () => new MatrixSumPlan(sum, table, WidthValue));
        sumPlan.Run(frame);
        WithOperands(sum, sumPlan, 0, 1, (matrices, factors) =>
            updated = MatMulAndSum(matrix, product.Transposed, x.Span, vector.Span, group.VectorRows.Length, sum.Result, matrices, factors));
        if (copy is not null)
        {
            Recycle(copy);
        }

        if (updated is null)
        {
            Recycle(vector.Data);
            return false;
        }

        Computed(product, vector);
        Computed(sum, [updated]);
        return true;
    }

    private void RunLoop(Loop loop)
    {
        foreach (var carried in loop.Carried)
        {
            Name(carried.State.Name, values[table.Slot(carried.Initial)]!);
        }

        Drop(liveness.OnEntry(loop));
        var turn = new Turn(this, loop);
        using var rowSteps = rows = RowSteps.Of(this, loop);
        counters.Add(loop.Counter);
        iteration.Add(0);
        for (var t = 0; t < loop.Count; t++)
        {
            if (cancellation.IsCancellationRequested)
            {
                isCancelled = true;
                return;
            }

            if (training?.Loop == loop)
            {
                t = training.At(t);
                if (failure is not null)
                {
                    return;
                }

                if (training.IsOver)
                {
                    break;
                }
            }

            iteration[^1] = t;
            var isLast = t == loop.Count - 1 && !NeedsEveryValue;
            if (rowSteps is not null)
            {
                rowSteps.Run(t);
            }
            else
            {
                RunBlock(isLast ? LastTime(loop) : loop.Body);
            }

            if (failure is not null || isCancelled)
            {
                return;
            }

            if (rowSteps is null)
            {
                turn.Take(isLast);
            }

            if (iteration.Count == 1)
            {
                steps.Done++;
                progress?.Report(new(steps.Done, steps.Total));
            }
        }

        counters.RemoveAt(counters.Count - 1);
        iteration.RemoveAt(iteration.Count - 1);
        if (training?.Loop == loop && !training.IsOver)
        {
            training.At(loop.Count);
        }
    }

    private ValueList<Statement> LastTime(Loop loop)
    {
        if (!lastTimes.TryGetValue(loop, out var body))
        {
            lastTimes[loop] = body = liveness.LastTime(loop, recorded);
        }

        return body;
    }

    private void RunInstruction(Instruction instruction)
    {
        Running(instruction);
        var definition = instruction.Result;
        switch (definition.Kind)
        {
            case ValueKind.Scalar:
                var scalar = new Tensor<double>(Shape(definition), 1);
                Compute(instruction, scalar);
                Name(definition.Name, new() { Scalar = scalar });
                CheckFinite(instruction, scalar.Span);
                ScalarComputed(definition, scalar);
                Record(definition, scalar.Shape, scalar.Span);
                break;
            case ValueKind.Vector:
                var vector = NewVector(definition);
                Compute(instruction, vector);
                Computed(instruction, vector);
                break;
            case ValueKind.Matrix:
                Computed(instruction, Matrices(instruction));
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>A vector that the program doesn't have, computed from values that it has now: what to look at beside it.</summary>
    /// <param name="nonlin">How.</param>
    /// <param name="memory">Where; replaced when it has too little room.</param>
    protected Tensor<T> Beside(Instruction.Nonlin nonlin, ref T[] memory)
    {
        int[] shape = [.. nonlin.Result.Indices.Select(binder => table.SizeOfAxis(binder.Axis))];
        var coordinates = Coordinates(nonlin.Result.Widths[0]);
        var length = shape.Aggregate(coordinates, (product, size) => checked(product * size));
        if (memory.Length < length)
        {
            memory = new T[length];
        }

        var vector = new Tensor<T>(shape, coordinates, memory);
        Compiled(nonlin, () => NonlinKernel<T>.Of(nonlin, table, WidthValue)).Run(frame, vector, 1);
        return vector;
    }

    private Tensor<T> NewVector(Definition definition)
    {
        var shape = Shape(definition);
        var coordinates = Coordinates(definition.Widths[0]);
        var length = shape.Aggregate(coordinates, (product, size) => checked(product * size));
        return new Tensor<T>(shape, coordinates, vectorPool.Rent(length));
    }

    private void Computed(Instruction instruction, Tensor<T> vector)
    {
        Name(instruction.Result.Name, new() { Vector = vector });
        CheckFinite(instruction, vector.Span);
        VectorComputed(instruction.Result, vector);
        Record(instruction.Result, [.. vector.Shape, vector.Coordinates], vector.Span);
    }

    private void Computed(Instruction instruction, TMatrix[] matrices)
    {
        Name(instruction.Result.Name, new() { Matrices = matrices });
        MatrixComputed(instruction.Result, matrices);
    }

    private int[] Shape(Definition definition) => table.Shape(table.Slot(definition.Name));

    private void Compute(Instruction instruction, Tensor<double> result)
    {
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                GaussianScalar(gaussian.Result, Constant(gaussian), result.Span);
                break;
            case Instruction.Data read:
                data.Read(read.Field, Iteration, result);
                break;
            case Instruction.Nonlin nonlin:
                Compiled(nonlin, () => NonlinKernel<T>.Of(nonlin, table, WidthValue)).Run(frame, result);
                break;
            case Instruction.Moment moment:
                Compiled(moment, () => MomentKernel<T>.Of(moment, table, WidthValue)).Run(frame, Coordinates(moment.Width), result, Threads, WeightsOf(moment));
                MomentComputed(result.Span);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void Compute(Instruction instruction, Tensor<T> result)
    {
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                GaussianVector(gaussian.Result, Constant(gaussian), result.Span);
                break;
            case Instruction.Nonlin nonlin:
                Compiled(nonlin, () => NonlinKernel<T>.Of(nonlin, table, WidthValue)).Run(frame, result, Threads);
                break;
            case Instruction.MatMul product:
                Multiply(product, result);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private TMatrix[] Matrices(Instruction instruction)
    {
        var count = Shape(instruction.Result).Aggregate(1, (product, size) => product * size);
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                var variance = Constant(gaussian);
                return [.. Enumerable.Range(0, count).Select(position => GaussianMatrix(gaussian.Result, position, variance))];
            case Instruction.MatrixSum sum:
                var plan = Compiled(sum, () => new MatrixSumPlan(sum, table, WidthValue));
                plan.Run(frame);
                return [.. Enumerable.Range(0, count).Select(position => SumAt(sum, plan, position, count))];
            case Instruction.OuterNonlin outer:
                var entries = Compiled(outer, () => new OuterNonlinPlan(outer, table, WidthValue));
                return [MatrixOf(outer.Result, entries.Run(frame, slot => Entries(values[slot]!.Matrices![0]), (long)Coordinates(outer.Result.Widths[0]) * Coordinates(outer.Result.Widths[1])))];
            default:
                throw new UnreachableException();
        }
    }

    private TMatrix SumAt(Instruction.MatrixSum sum, MatrixSumPlan plan, int position, int count)
    {
        TMatrix? result = null;
        WithOperands(sum, plan, position, count, (matrices, factors) => result = MatrixSum(sum.Result, position, matrices, factors));
        return result!;
    }

    private void WithOperands(
        Instruction.MatrixSum sum, MatrixSumPlan plan, int position, int count, Action<List<ScaledMatrix<TMatrix>>, List<OuterFactors<T>>> use)
    {
        var dropped = liveness.After(sum);
        var matrices = new List<ScaledMatrix<TMatrix>>();
        var factors = new List<OuterFactors<T>>();
        var copies = new List<T[]>();
        foreach (var term in plan.Scaled)
        {
            var value = values[term.Slot]!;
            var isLastUse = value.Names == 1 && dropped.Contains(table.Definition(term.Slot).Name)
                && value.Matrices!.Length == count && plan.Scaled.Count(other => other.Slot == term.Slot) == 1;
            matrices.Add(new(term.Coefficient(position), value.Matrices![term.Row(position)], isLastUse));
        }

        foreach (var term in plan.Outers)
        {
            var left = RowGroups.Gather(frame.Vector(term.LeftSlot), term.LeftRows(position), vectorPool, out var leftCopy);
            var right = RowGroups.Gather(frame.Vector(term.RightSlot), term.RightRows(position), vectorPool, out var rightCopy);
            copies.AddRange(new[] { leftCopy, rightCopy }.OfType<T[]>());
            factors.Add(new(term.Coefficients(position), left, right));
        }

        use(matrices, factors);
        copies.ForEach(Recycle);
    }

    private void Multiply(Instruction.MatMul product, Tensor<T> result)
    {
        var plan = Compiled(product, () => new MatMulPlan(product, table, WidthValue));
        var matrices = values[plan.MatrixSlot]!.Matrices!;
        var vectors = frame.Vector(plan.VectorSlot);
        foreach (var group in plan.Groups(frame))
        {
            var count = group.VectorRows.Length;
            var x = RowGroups.Gather(vectors, group.VectorRows, vectorPool, out var copy);
            if (group.IsDirect)
            {
                MatMul(matrices[group.Matrix], product.Transposed, x.Span, result.Data.AsSpan(group.ResultRows[0][0] * result.Coordinates, count * result.Coordinates), count);
            }
            else
            {
                var scattered = vectorPool.Rent(count * result.Coordinates);
                MatMul(matrices[group.Matrix], product.Transposed, x.Span, scattered, count);
                for (var i = 0; i < count; i++)
                {
                    foreach (var row in group.ResultRows[i])
                    {
                        scattered.AsSpan(i * result.Coordinates, result.Coordinates).CopyTo(result.Row(row));
                    }
                }

                Recycle(scattered);
            }

            if (copy is not null)
            {
                Recycle(copy);
            }
        }
    }

    private double Constant(Instruction.Gaussian gaussian)
    {
        var builder = new NodeBuilder(table, WidthValue);
        var root = builder.Build(gaussian.Variance, Scope.Of([]));
        var evaluation = new ScalarEvaluation(builder.Nodes);
        evaluation.Run(frame);
        return evaluation[root][0];
    }

    private TPlan Compiled<TPlan>(Instruction instruction, Func<TPlan> compile)
        where TPlan : class
    {
        if (!compiled.TryGetValue(instruction, out var plan))
        {
            compiled[instruction] = plan = compile();
        }

        return (TPlan)plan;
    }

    private void Name(string name, Value<T, TMatrix> value)
    {
        value.Names++;
        values[table.Slot(name)] = value;
    }

    private void Drop(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var slot = table.Slot(name);
            var value = values[slot];
            values[slot] = null;
            if (value is null || --value.Names > 0)
            {
                continue;
            }

            if (value.Vector is { } vector)
            {
                Recycle(vector.Data);
            }

            foreach (var matrix in value.Matrices ?? [])
            {
                Release(matrix);
            }
        }
    }

    private void Recycle(T[] array)
    {
        if (!KeepsVectors)
        {
            vectorPool.Return(array);
        }
    }

    private void CheckFinite<TNumber>(Instruction instruction, ReadOnlySpan<TNumber> numbers)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        if (LinearCombination.AllFinite(numbers))
        {
            return;
        }

        foreach (var number in numbers)
        {
            if (!TNumber.IsFinite(number))
            {
                failure = new(instruction, Iteration.ToArray().ToValueList(), double.CreateTruncating(number));
                return;
            }
        }
    }

    private void Record<TNumber>(Definition definition, IEnumerable<int> shape, ReadOnlySpan<TNumber> numbers)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        if (recorded.Contains(definition.Name))
        {
            var copy = new double[numbers.Length];
            for (var i = 0; i < copy.Length; i++)
            {
                copy[i] = double.CreateTruncating(numbers[i]);
            }

            records.Add(new(definition.Name, ValueList.Create<int>(Iteration), shape.ToValueList(), ValueList.Create<double>(copy)));
        }
    }

    /// <summary>What happens to a loop's state between two iterations; all of it at once, as a state may be the next value of another.</summary>
    private sealed class Turn
    {
        private readonly Interpreter<T, TMatrix> interpreter;
        private readonly string[] ended;
        private readonly (int Next, string State)[] moving;
        private readonly (int Next, string State)[] movingLast;
        private readonly Value<T, TMatrix>[] next;

        public Turn(Interpreter<T, TMatrix> interpreter, Loop loop)
        {
            this.interpreter = interpreter;
            var own = loop.Body.SelectMany(Liveness.Defines).Concat(loop.Carried.Select(carried => carried.State.Name)).ToHashSet(StringComparer.Ordinal);
            ended = [.. loop.Carried.SelectMany(carried => new[] { carried.State.Name, carried.Next }).Distinct().Where(own.Contains)];
            moving = [.. loop.Carried.Select(Move)];
            movingLast = [.. loop.Carried.Where(carried => interpreter.liveness.IsReadAfter(loop, carried)).Select(Move)];
            next = new Value<T, TMatrix>[moving.Length];

            (int, string) Move(Carried carried) => (interpreter.table.Slot(carried.Next), carried.State.Name);
        }

        public void Take(bool isLast)
        {
            var moves = isLast ? movingLast : moving;
            for (var i = 0; i < moves.Length; i++)
            {
                next[i] = interpreter.values[moves[i].Next]!;
                next[i].Names++;
            }

            interpreter.Drop(ended);
            for (var i = 0; i < moves.Length; i++)
            {
                interpreter.Name(moves[i].State, next[i]);
                next[i].Names--;
            }
        }
    }

    private sealed class Frame(Interpreter<T, TMatrix> interpreter) : IFrame<T>
    {
        public int Counter(string name) => interpreter.iteration[interpreter.counters.LastIndexOf(name)];

        public Tensor<double> Scalar(int slot) => interpreter.values[slot]!.Scalar!;

        public Tensor<T> Vector(int slot) => interpreter.values[slot]!.Vector!;
    }
}
