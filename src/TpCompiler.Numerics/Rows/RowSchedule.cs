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
    /// Takes the dot products with one cell together, as soon as the cell is there: those with a row that may change before their turn are revised then, by what the change adds to them. One after the other they would
    /// make threads wait for each other each time.
    /// </summary>
    /// <param name="order">The steps, in order.</param>
    /// <param name="newSlot">A slot for another number that is computed for what this slot is.</param>
    public static IReadOnlyList<RowStep> Speculate(IReadOnlyList<RowStep> order, Func<int, int> newSlot)
    {
        var made = new Dictionary<int, int>();
        var ready = new Dictionary<int, int>();
        for (var i = 0; i < order.Count; i++)
        {
            if (order[i] is RowStep.Formula formula)
            {
                made[formula.Slot] = i;
            }
            else if (order[i] is RowStep.Accumulate accumulate)
            {
                ready[accumulate.Cell] = i;
            }
        }

        var early = new Dictionary<int, List<RowStep.Dot>>();
        var revisions = new Dictionary<RowStep, RowStep.Revise>(ReferenceEqualityComparer.Instance);
        var first = new Dictionary<RowSource, int>();
        var between = new Dictionary<(int Start, RowSource, RowSource), int>();
        for (var i = 0; i < order.Count; i++)
        {
            if (order[i] is not RowStep.Dot dot)
            {
                continue;
            }

            if (Parts(dot) is not var (row, cell) || (made.TryGetValue(row.Number, out var at) && at > first.GetValueOrDefault(cell, i)))
            {
                AddTo(early, i, dot);
                continue;
            }

            var start = first.GetValueOrDefault(cell, i);
            var changes = order.Take(i).Skip(start).OfType<RowStep.Change>().Where(change => change.Table == row.Table).ToList();
            if (changes.Any(change => change.Entries.Any(entry => entry.Cell is { } added && ready[added] >= start)))
            {
                AddTo(early, i, dot);
                continue;
            }

            first.TryAdd(cell, i);
            AddTo(early, start, dot);
            if (changes.Count > 0)
            {
                var terms = changes.SelectMany(change => change.Entries.Select(entry => new RowRevision(change.Version, entry.Row, entry.Coefficient, entry.Cell is { } added ? Between(start, added, cell, dot.Slot) : null)));
                revisions.Add(dot, new RowStep.Revise(dot.Slot, row.Number, terms.ToValueList()));
            }
        }

        var result = new List<RowStep>();
        for (var i = 0; i < order.Count; i++)
        {
            if (early.TryGetValue(i, out var products))
            {
                result.Add(new RowStep.Dots(products.ToValueList()));
            }

            if (revisions.TryGetValue(order[i], out var later))
            {
                result.Add(later);
            }
            else if (order[i] is not RowStep.Dot)
            {
                result.Add(order[i]);
            }
        }

        return result;

        int Between(int start, int added, RowSource.Cell cell, int cause)
        {
            var other = new RowSource.Cell(added);
            if (!between.TryGetValue((start, other, cell), out var slot))
            {
                between.Add((start, other, cell), slot = newSlot(cause));
                AddTo(early, start, new RowStep.Dot(slot, other, cell));
            }

            return slot;
        }

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
