using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>Looks at a training as it runs.</summary>
public interface ITrainingObserver
{
    /// <summary>Called before each step, and once after the last one.</summary>
    void AtStep(ITrainingRun run);
}

/// <summary>A training between two steps.</summary>
public interface ITrainingRun
{
    /// <summary>How many steps have been taken.</summary>
    int Step { get; }

    /// <summary>How many there will be.</summary>
    int Steps { get; }

    /// <summary>What was recorded since this was asked for the last time.</summary>
    IReadOnlyList<ExecutionRecord> TakeRecords();

    /// <summary>Runs the statements behind the loop with the weights of this moment; they leave nothing behind.</summary>
    /// <param name="feed">What their data reads.</param>
    IReadOnlyList<ExecutionRecord> Measure(Data.IDataFeed feed);

    /// <summary>Whether the state can be had as numbers; a hidden matrix in the limit is kept as what it was made of.</summary>
    bool CanSave { get; }

    /// <summary>The state of the loop; only where <see cref="CanSave"/>.</summary>
    TrainingState Save();

    /// <summary>Goes on from another moment of the same program.</summary>
    /// <exception cref="InvalidDataException">It is of another program.</exception>
    void Restore(TrainingState state);

    /// <summary>Takes no more steps, wherever it is.</summary>
    void End();
}

/// <summary>Every state of a training's loop as numbers: single precision is exact in double.</summary>
/// <param name="Step">How many steps have been taken.</param>
/// <param name="Values">By name; an array for each matrix of a state with axes, one array for a vector or scalar.</param>
public sealed record TrainingState(int Step, IReadOnlyDictionary<string, ValueList<double[]>> Values);
