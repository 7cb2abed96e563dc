using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Rows;

/// <summary>Orders what a step does so that a row is read before it is changed.</summary>
internal static class RowSchedule
{
    /// <summary>The steps in an order in which every table can be changed in place, near the given one; null when there is none, because something depends on both an old and a new version of a row.</summary>
    public static IReadOnlyList<RowStep>? Of(IReadOnlyList<RowStep> steps)
    {
        var slots = new Dictionary<int, int>();
        var cells = new Dictionary<int, List<int>>();
        var changes = new Dictionary<(int Table, int Version), int>();
        var readers = new Dictionary<(int Table, int Version), List<int>>();
        for (var i = 0; i < steps.Count; i++)
        {
            switch (steps[i])
            {
                case RowStep.Formula formula:
                    slots.Add(formula.Slot, i);
                    break;
                case RowStep.Dot dot:
                    slots.Add(dot.Slot, i);
                    break;
                case RowStep.Accumulate accumulate:
                    AddTo(cells, accumulate.Cell, i);
                    break;
                case RowStep.Change change:
                    changes.Add((change.Table, change.Version), i);
                    break;
            }

            foreach (var row in Sources(steps[i]).OfType<RowSource.Row>())
            {
                AddTo(readers, (row.Table, row.Version), i);
            }
        }

        var waiting = new int[steps.Count];
        var followers = new List<int>[steps.Count];
        for (var i = 0; i < steps.Count; i++)
        {
            followers[i] = [];
        }

        for (var i = 0; i < steps.Count; i++)
        {
            foreach (var before in Before(i).Distinct().Where(before => before != i))
            {
                followers[before].Add(i);
                waiting[i]++;
            }
        }

        var ready = new SortedSet<int>(Enumerable.Range(0, steps.Count).Where(i => waiting[i] == 0));
        var order = new List<RowStep>();
        while (ready.Count > 0)
        {
            var next = ready.Min;
            ready.Remove(next);
            order.Add(steps[next]);
            foreach (var follower in followers[next])
            {
                if (--waiting[follower] == 0)
                {
                    ready.Add(follower);
                }
            }
        }

        return order.Count == steps.Count ? order : null;

        IEnumerable<int> Before(int i)
        {
            foreach (var slot in Slots(steps[i]))
            {
                if (slots.TryGetValue(slot, out var made))
                {
                    yield return made;
                }
            }

            foreach (var source in Sources(steps[i]))
            {
                if (source is RowSource.Row { Version: > 0 } row)
                {
                    yield return changes[(row.Table, row.Version)];
                }
                else if (source is RowSource.Cell cell)
                {
                    foreach (var part in cells[cell.Number])
                    {
                        yield return part;
                    }
                }
            }

            if (steps[i] is RowStep.Accumulate { IsFirst: false } more)
            {
                yield return cells[more.Cell][0];
            }

            if (steps[i] is RowStep.Change change)
            {
                if (change.Version > 1)
                {
                    yield return changes[(change.Table, change.Version - 1)];
                }

                foreach (var reader in readers.GetValueOrDefault((change.Table, change.Version - 1), []))
                {
                    yield return reader;
                }
            }
        }
    }

    /// <summary>
    /// Takes the dot products with one cell together, as soon as the cell is there: those with a row that may change before their turn are looked at again then. One after the other they would make threads
    /// wait for each other each time.
    /// </summary>
    public static IReadOnlyList<RowStep> Speculate(IReadOnlyList<RowStep> order)
    {
        var made = new Dictionary<int, int>();
        for (var i = 0; i < order.Count; i++)
        {
            if (order[i] is RowStep.Formula formula)
            {
                made[formula.Slot] = i;
            }
        }

        var early = new Dictionary<int, List<RowStep.Dot>>();
        var again = new Dictionary<RowStep, RowStep.DotAgain>(ReferenceEqualityComparer.Instance);
        var first = new Dictionary<RowSource, int>();
        for (var i = 0; i < order.Count; i++)
        {
            if (order[i] is not RowStep.Dot dot)
            {
                continue;
            }

            if (Parts(dot) is not var (row, cell) || (row.Number is var number && made.TryGetValue(number, out var at) && at > first.GetValueOrDefault(cell, i)))
            {
                AddTo(early, i, dot);
                continue;
            }

            var start = first.GetValueOrDefault(cell, i);
            first.TryAdd(cell, i);
            AddTo(early, start, dot);
            var changed = order.Take(i).Skip(start).OfType<RowStep.Change>().Where(change => change.Table == row.Table).SelectMany(change => change.Entries).Select(entry => entry.Row).Distinct().ToValueList();
            if (changed.Count > 0)
            {
                again.Add(dot, new RowStep.DotAgain(dot, changed));
            }
        }

        var result = new List<RowStep>();
        for (var i = 0; i < order.Count; i++)
        {
            if (early.TryGetValue(i, out var products))
            {
                result.Add(new RowStep.Dots(products.ToValueList()));
            }

            if (again.TryGetValue(order[i], out var later))
            {
                result.Add(later);
            }
            else if (order[i] is not RowStep.Dot)
            {
                result.Add(order[i]);
            }
        }

        return result;

        static (RowSource.Row Row, RowSource.Cell Cell)? Parts(RowStep.Dot dot) => dot switch
        {
            { Left: RowSource.Row row, Right: RowSource.Cell cell } => (row, cell),
            { Left: RowSource.Cell cell, Right: RowSource.Row row } => (row, cell),
            _ => null,
        };
    }

    private static IEnumerable<RowSource> Sources(RowStep step) => step switch
    {
        RowStep.Dot dot => [dot.Left, dot.Right],
        RowStep.Accumulate accumulate => [accumulate.Source],
        RowStep.Change change => change.Entries.Select(entry => entry.Cell is { } cell ? new RowSource.Cell(cell) : (RowSource)new RowSource.Row(change.Table, change.Version - 1, entry.Row)),
        _ => [],
    };

    private static IEnumerable<int> Slots(RowStep step) => step switch
    {
        RowStep.Formula formula => formula.Body.References().Select(reference => int.Parse(reference.Name.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)),
        RowStep.Accumulate accumulate => Sources(step).OfType<RowSource.Row>().Select(row => row.Number).Append(accumulate.Coefficient),
        RowStep.Change change => change.Entries.SelectMany(entry => new[] { entry.Row, entry.Coefficient }),
        _ => Sources(step).OfType<RowSource.Row>().Select(row => row.Number),
    };

    private static void AddTo<TKey, TItem>(Dictionary<TKey, List<TItem>> groups, TKey key, TItem item)
        where TKey : notnull
    {
        if (!groups.TryGetValue(key, out var group))
        {
            groups.Add(key, group = []);
        }

        group.Add(item);
    }
}
