using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>The numbers of an output when it was computed.</summary>
/// <param name="Name">Its name in the program.</param>
/// <param name="Iteration">The counters of the enclosing loops, outermost first.</param>
/// <param name="Shape">The sizes of its axes; for a vector, then its width.</param>
/// <param name="Values">The numbers, last axis fastest.</param>
public sealed record ExecutionRecord(string Name, ValueList<int> Iteration, ValueList<int> Shape, ValueList<double> Values);

/// <summary>A value that stopped being finite, which ended the run.</summary>
/// <param name="Instruction">What computed it.</param>
/// <param name="Iteration">When: the counters of the enclosing loops, outermost first.</param>
/// <param name="Value">NaN, ∞ or −∞: the first one found.</param>
public sealed record NotFiniteValue(Instruction Instruction, ValueList<int> Iteration, double Value);

/// <summary>What a run computed, all of it or up to where it ended.</summary>
/// <param name="Records">The outputs in the order in which they were computed.</param>
/// <param name="Failure">What ended the run early, if a number did.</param>
/// <param name="IsCancelled">Whether it was cancelled.</param>
public sealed record ExecutionResult(ValueList<ExecutionRecord> Records, NotFiniteValue? Failure, bool IsCancelled)
{
    public bool IsComplete => Failure is null && !IsCancelled;
}

/// <summary>How far a run is: iterations of the outermost loops done, of all.</summary>
public readonly record struct ExecutionProgress(int Done, int Total);
