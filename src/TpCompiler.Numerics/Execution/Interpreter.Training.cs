using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <content>What an observer may do with a training as it runs.</content>
public abstract partial class Interpreter<T, TMatrix>
{
    /// <summary>The training loop, as its observer sees it.</summary>
    private sealed class Training(Interpreter<T, TMatrix> interpreter, Loop loop, ITrainingObserver observer) : ITrainingRun
    {
        private readonly ValueList<Statement> behind = interpreter.program.Body.SkipWhile(statement => statement != loop).Skip(1).ToValueList();

        public Loop Loop => loop;

        public int Step { get; private set; }

        public int Steps => loop.Count;

        public bool IsOver { get; private set; }

        /// <summary>Lets the observer look; the step to go on with.</summary>
        public int At(int step)
        {
            Step = step;
            observer.AtStep(this);
            return Step;
        }

        public IReadOnlyList<ExecutionRecord> TakeRecords()
        {
            var taken = interpreter.records.ToList();
            interpreter.records.Clear();
            return taken;
        }

        public IReadOnlyList<ExecutionRecord> Measure(IDataFeed feed)
        {
            interpreter.rows?.Settle();
            var (values, own) = (interpreter.values, interpreter.values.ToArray());
            var names = own.Select(value => value?.Names ?? 0).ToArray();
            var (records, data, times, counters) = (TakeRecords(), interpreter.data, interpreter.iteration.ToArray(), interpreter.counters.ToArray());
            foreach (var value in own)
            {
                if (value is not null)
                {
                    value.Names++;
                }
            }

            interpreter.data = feed;
            interpreter.iteration.Clear();
            interpreter.counters.Clear();
            interpreter.RunBlock(behind);
            interpreter.iteration.AddRange(times);
            interpreter.counters.AddRange(counters);
            interpreter.data = data;
            interpreter.Drop(Enumerable.Range(0, values.Length).Where(slot => values[slot] is not null && own[slot] is null).Select(slot => interpreter.table.Definition(slot).Name).ToList());
            for (var slot = 0; slot < values.Length; slot++)
            {
                values[slot] = own[slot];
                if (own[slot] is { } value)
                {
                    value.Names = names[slot];
                }
            }

            var measured = TakeRecords();
            interpreter.records.AddRange(records);
            return measured;
        }

        public void End() => IsOver = true;

        public bool CanSave => interpreter.MatricesHaveEntries || loop.Carried.All(carried => carried.State.Kind != ValueKind.Matrix);

        public TrainingState Save()
        {
            interpreter.rows?.Settle();
            return new(Step, loop.Carried.ToDictionary(carried => carried.State.Name, carried => Numbers(interpreter.values[interpreter.table.Slot(carried.State.Name)]!)));
        }

        public void Restore(TrainingState state)
        {
            interpreter.rows?.Settle();
            Step = state.Step;
            foreach (var carried in loop.Carried)
            {
                var slot = interpreter.table.Slot(carried.State.Name);
                var old = interpreter.values[slot]!;
                if (!state.Values.TryGetValue(carried.State.Name, out var numbers) || !(old.Matrices is { } matrices ? numbers.Count == matrices.Length : numbers is [var only] && only.Length == (old.Scalar?.Data.Length ?? old.Vector!.Data.Length)))
                {
                    throw new InvalidDataException($"it has no {carried.State.Name}, or one of another size");
                }

                if (old.Scalar is { } scalar)
                {
                    scalar = new Tensor<double>([.. scalar.Shape], 1);
                    numbers[0].CopyTo(scalar.Data, 0);
                    Replace(carried.State.Name, new() { Scalar = scalar });
                }
                else if (old.Vector is { } vector)
                {
                    var fresh = interpreter.NewVector(carried.State);
                    for (var i = 0; i < numbers[0].Length; i++)
                    {
                        fresh.Data[i] = T.CreateTruncating(numbers[0][i]);
                    }

                    Replace(carried.State.Name, new() { Vector = fresh });
                }
                else
                {
                    Replace(carried.State.Name, new() { Matrices = [.. numbers.Select(entries => interpreter.MatrixOf(carried.State, entries))] });
                }
            }
        }

        private void Replace(string name, Value<T, TMatrix> value)
        {
            interpreter.Drop([name]);
            interpreter.Name(name, value);
        }

        private ValueList<double[]> Numbers(Value<T, TMatrix> value) => value switch
        {
            { Scalar: { } scalar } => [scalar.Span.ToArray()],
            { Vector: { } vector } => [Array.ConvertAll(vector.Span.ToArray(), double.CreateTruncating)],
            _ => value.Matrices!.Select(interpreter.Entries).ToValueList(),
        };
    }
}
