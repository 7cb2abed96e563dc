using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Cli.Data;

/// <summary>Tasks of drawings whose pixels say where they come from: 1000 · character + 10 · drawing + position.</summary>
public sealed class DrawingTasksTests
{
    private const int Side = 2;

    [Fact]
    public void A_task_holds_different_classes_and_different_drawings_of_each()
    {
        var tasks = new DrawingTasks(Marked(12, 6), Side, rotated: false, 0);
        var seen = new HashSet<int>();
        for (var task = 0L; task < 200; task++)
        {
            var (learned, asked) = Draw(tasks, task, 5, 10, 5);
            var classes = Enumerable.Range(0, 5).Select(way => Character(learned[way])).ToList();

            Assert.Equal(5, classes.Distinct().Count());
            for (var way = 0; way < 5; way++)
            {
                int[][] own = [learned[way], learned[way + 5], asked[way]];
                Assert.All(own, drawing => Assert.Equal(classes[way], Character(drawing)));
                Assert.Equal(3, own.Select(drawing => drawing[0]).Distinct().Count());
            }

            seen.Add(classes[0]);
        }

        Assert.Equal(12, seen.Count);
    }

    [Fact]
    public void Each_class_comes_first_equally_often()
    {
        var tasks = new DrawingTasks(Marked(8, 4), Side, rotated: false, 3);
        const int Tasks = 8000;
        var first = Enumerable.Range(0, Tasks).GroupBy(task => Character(Draw(tasks, task, 5, 5, 5).Learned[0])).Select(group => group.Count()).ToList();

        // χ² with 7 degrees of freedom is above 24.3 in one of a thousand.
        var expected = Tasks / 8.0;
        Assert.InRange(first.Sum(count => (count - expected) * (count - expected) / expected), 0, 24.3);
    }

    [Fact]
    public void A_turned_drawing_is_of_another_class_and_turns_by_quarters()
    {
        var tasks = new DrawingTasks(Marked(1, 2), Side, rotated: true, 0);

        Assert.Equal(4, tasks.Classes);
        var drawings = Draw(tasks, 0, 4, 4, 4).Learned.Select(drawing => string.Join(' ', drawing.Select(pixel => pixel % 10))).Order(StringComparer.Ordinal);
        Assert.Equal(["0 1 2 3", "1 3 0 2", "2 0 3 1", "3 2 1 0"], drawings);
    }

    [Fact]
    public void A_task_is_the_same_whatever_was_read_before_and_other_streams_have_others()
    {
        var (one, same, other) = (new DrawingTasks(Marked(9, 5), Side, true, 1), new DrawingTasks(Marked(9, 5), Side, true, 1), new DrawingTasks(Marked(9, 5), Side, true, 2));
        Draw(one, 4, 5, 5, 5);

        Assert.Equal(Draw(one, 7, 5, 5, 5).Learned, Draw(same, 7, 5, 5, 5).Learned);
        Assert.NotEqual(Draw(one, 7, 5, 5, 5).Learned, Draw(other, 7, 5, 5, 5).Learned);
    }

    [Fact]
    public void A_split_names_the_characters_in_the_archives_beside_it()
    {
        DiagnosticBag diagnostics = new();
        var characters = DrawingTasks.Read(Checkout.File("examples/omniglot_tasks/test.json").FullName, 28, null, diagnostics)!;

        Assert.Empty(diagnostics);
        Assert.Equal(14, characters.Length);
        Assert.All(characters, drawings => Assert.Equal((6, 784), (drawings.Length, drawings[0].Length)));
    }

    [Fact]
    public void A_character_that_is_not_there_is_named()
    {
        var folder = Directory.CreateTempSubdirectory("tpc-split");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "split.json"), """{ "background": { "Greek": ["character77"] } }""");
            Directory.CreateDirectory(Path.Combine(folder.FullName, "images_background"));
            DiagnosticBag diagnostics = new();

            Assert.Null(DrawingTasks.Read(Path.Combine(folder.FullName, "split.json"), 28, null, diagnostics));
            Assert.Contains("Greek/character77", Assert.Single(diagnostics).Message);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int Character(int[] drawing) => drawing[0] / 1000;

    private static float[][][] Marked(int characters, int drawings) =>
        [.. Enumerable.Range(0, characters).Select(c => Enumerable.Range(0, drawings).Select(d => Enumerable.Range(0, Side * Side).Select(p => (float)((1000 * c) + (10 * d) + p)).ToArray()).ToArray())];

    private static (int[][] Learned, int[][] Asked) Draw(DrawingTasks tasks, long task, int ways, int learned, int asked)
    {
        var (x, u) = (new double[learned * Side * Side], new double[asked * Side * Side]);
        tasks.Draw(task, ways, learned, asked, x, u);
        return (Split(x), Split(u));

        static int[][] Split(double[] numbers) => [.. numbers.Chunk(Side * Side).Select(drawing => Array.ConvertAll(drawing, pixel => (int)pixel))];
    }
}
