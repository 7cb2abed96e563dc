using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Rows;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <content>Training loops that look up rows of tables: a step touches only these.</content>
public abstract partial class Interpreter<T, TMatrix>
{
    private RowSteps? rows;

    /// <summary>Runs iterations of a loop on the rows that they touch.</summary>
    private sealed class RowSteps : IDisposable
    {
        private readonly Interpreter<T, TMatrix> interpreter;
        private readonly RowProgram program;
        private readonly RowMachine<T> machine;
        private readonly int count;
        private readonly int[] tables;
        private readonly T[][] arrays;
        private readonly (Definition Definition, int[] Slots)[] recorded;

        private RowSteps(Interpreter<T, TMatrix> interpreter, Loop loop, RowProgram program)
        {
            this.interpreter = interpreter;
            this.program = program;
            count = loop.Count;
            machine = new RowMachine<T>(program, interpreter.Coordinates(program.Width), interpreter.WidthValue(program.Width), interpreter.Threads);
            tables = [.. program.Tables.Select(table => interpreter.table.Slot(table.Name))];
            arrays = new T[tables.Length][];
            recorded = [.. loop.Body.OfType<Instruction>().Where(instruction => interpreter.recorded.Contains(instruction.Result.Name)).Select(instruction => (instruction.Result, program.Values[instruction.Result.Name]))];
            foreach (var carried in loop.Carried)
            {
                Own(carried.State);
            }
        }

        /// <summary>Null for other loops, and where somebody looks at every value.</summary>
        public static RowSteps? Of(Interpreter<T, TMatrix> interpreter, Loop loop) =>
            !interpreter.NeedsEveryValue && !interpreter.KeepsVectors && !interpreter.IsWeighted && interpreter.iteration.Count == 0
                && RowCompiler.Of(interpreter.program, loop, interpreter.table.SizeOfAxis) is { } program
                && loop.Body.OfType<Instruction>().All(instruction => !interpreter.recorded.Contains(instruction.Result.Name) || program.Values.ContainsKey(instruction.Result.Name))
                ? new RowSteps(interpreter, loop, program)
                : null;

        public void Run(int t)
        {
            for (var i = 0; i < tables.Length; i++)
            {
                arrays[i] = interpreter.values[tables[i]]!.Vector!.Data;
            }

            machine.Step(t, t + 1 < count, arrays, interpreter.data);
            if (machine.Failure is var (instruction, value))
            {
                interpreter.failure = new(instruction, interpreter.Iteration.ToArray().ToValueList(), value);
            }

            foreach (var (definition, slots) in recorded)
            {
                interpreter.Record<double>(definition, interpreter.Shape(definition), Array.ConvertAll(slots, slot => machine[slot]));
            }
        }

        /// <summary>Brings the tables up to date for somebody who looks at them.</summary>
        public void Settle() => machine.Settle();

        public void Dispose()
        {
            machine.Settle();
            machine.Dispose();
            interpreter.rows = null;
        }

        /// <summary>A table that has other names stays what it is under them.</summary>
        private void Own(Definition state)
        {
            var value = interpreter.values[interpreter.table.Slot(state.Name)]!;
            if (value.Names > 1)
            {
                var copy = interpreter.NewVector(state);
                value.Vector!.Span.CopyTo(copy.Span);
                value.Names--;
                interpreter.Name(state.Name, new() { Vector = copy });
            }
        }
    }
}
