using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

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

    /// <summary>Samples in memory: the one of this step, the next one, and the last one, which a thread may still be at.</summary>
    private const int Samples = 3;

    private readonly RowProgram program;
    private readonly (Tensor<double>[] Data, int Step)[] samples;
    private readonly RowWorker<T>[] workers;

    /// <summary>The last two: a thread may still be about to read the one before.</summary>
    private readonly RowTask[] tasks = new RowTask[2];
    private int meetings;
    private IDataFeed? source;
    private bool isAhead;

    /// <param name="program">What a step is.</param>
    /// <param name="columns">Coordinates of a vector.</param>
    /// <param name="widthValue">What n is in a power of the width.</param>
    /// <param name="threads">Threads at most.</param>
    public RowMachine(RowProgram program, int columns, double widthValue, int threads)
    {
        (this.program, Columns) = (program, columns);
        var parts = 1;
        while (parts < MostParts && columns / (2 * parts) >= LeastColumns)
        {
            parts *= 2;
        }

        // Whole cache lines, but for the last part.
        Bounds = [.. Enumerable.Range(0, parts).Select(part => (int)((long)columns * part / parts) & ~15), columns];
        samples = [.. Enumerable.Range(0, Samples).Select(_ => (program.Reads.Select(read => new Tensor<double>(read.Shape, 1)).ToArray(), -1))];

        // A thread that reads this step's number may not meet the next one's: dot products are where nobody runs ahead of the others.
        var count = program.Steps.OfType<RowStep.Dots>().Any() ? Math.Max(1, Math.Min(threads, parts / 2)) : 1;
        Barrier = new StepBarrier(count);
        Partial = [.. Enumerable.Range(0, parts).Select(_ => new double[program.Slots.Count])];
        var formulas = new Dictionary<int, Action<double[]>>();
        for (var i = 0; i < program.Steps.Count; i++)
        {
            var run = program.Steps.Skip(i).TakeWhile(step => step is RowStep.Formula).Cast<RowStep.Formula>().ToList();
            if (run.Count > 0)
            {
                formulas.Add(i, SlotFunctions.Compile(run));
                i += run.Count;
            }
        }

        workers = [.. Enumerable.Range(0, count).Select(number => new RowWorker<T>(this, program, parts * number / count, parts * (number + 1) / count, widthValue, formulas))];
        foreach (var worker in workers.Skip(1))
        {
            new Thread(worker.Live) { IsBackground = true, Name = "tpc rows" }.Start();
        }
    }

    /// <summary>The instruction whose number stopped being finite in the last step, and the number.</summary>
    public (Instruction Instruction, double Value)? Failure { get; private set; }

    /// <summary>Coordinates of a vector.</summary>
    public int Columns { get; }

    /// <summary>Where each part of the columns begins, and where the last one ends.</summary>
    public int[] Bounds { get; }

    /// <summary>Parts of dot products: by part, then by slot.</summary>
    public double[][] Partial { get; }

    public StepBarrier Barrier { get; }

    /// <summary>The counter of the loop.</summary>
    public int Counter { get; private set; }

    /// <summary>The tables as the interpreter has them, row after row.</summary>
    public T[][] Tables { get; private set; } = [];

    /// <summary>What threads do after they have met for the n-th time for a task.</summary>
    public RowTask Task(int meeting) => tasks[meeting & 1];

    /// <summary>The value of a slot after the last step.</summary>
    public double this[int slot] => workers[0].Slots[slot];

    /// <summary>What the data gives in this step.</summary>
    public Tensor<double>[] Sample => samples[Counter % Samples].Data;

    /// <summary>What the data gives in the next step; null when nobody has asked it.</summary>
    public Tensor<double>[]? NextSample => samples[(Counter + 1) % Samples] is var (data, step) && step == Counter + 1 ? data : null;

    /// <summary>A step. Other threads may still be at its end when this returns.</summary>
    /// <param name="t">The counter of the loop.</param>
    /// <param name="hasNext">Whether the data has a step t + 1 too.</param>
    /// <param name="states">The tables, row after row, in the order of the program.</param>
    /// <param name="feed">Where the numbers of Data come from.</param>
    public void Step(int t, bool hasNext, T[][] states, IDataFeed feed)
    {
        if (source != feed)
        {
            Settle();
            source = feed;
            for (var i = 0; i < Samples; i++)
            {
                samples[i].Step = -1;
            }
        }

        Read(t);
        if (hasNext)
        {
            Read(t + 1);
        }

        (Tables, Counter) = (states, t);
        Begin(RowTask.Step);
        workers[0].Run();
        isAhead = true;
        Failure = workers[0].Failure();
    }

    /// <summary>Brings the tables that the last step was given up to date: each thread changes columns of its own.</summary>
    public void Settle()
    {
        if (isAhead)
        {
            Begin(RowTask.Nothing);
            foreach (var worker in workers)
            {
                worker.CopyOut();
            }

            isAhead = false;
        }
    }

    public void Dispose()
    {
        Begin(RowTask.End);
        foreach (var worker in workers)
        {
            worker.Dispose();
        }
    }

    /// <summary>Waits until every thread has done what it was told before, and tells them this.</summary>
    private void Begin(RowTask task)
    {
        tasks[meetings++ & 1] = task;
        Barrier.Wait();
    }

    private void Read(int t)
    {
        ref var sample = ref samples[t % Samples];
        if (sample.Step == t)
        {
            return;
        }

        for (var read = 0; read < sample.Data.Length; read++)
        {
            source!.Read(program.Reads[read].Field, [t], sample.Data[read]);
        }

        sample.Step = t;
    }
}

/// <summary>What the threads of a <see cref="RowMachine{T}"/> do next.</summary>
internal enum RowTask
{
    Step,

    /// <summary>They wait; their columns may be read.</summary>
    Nothing,
    End,
}
