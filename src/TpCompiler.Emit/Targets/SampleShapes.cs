using System.Globalization;
using TpCompiler.Ir;
using TpCompiler.Limits;

namespace TpCompiler.Emit.Targets;

/// <summary>Sizes that only the data knows: a file has the numbers of a sample in one row.</summary>
internal static class SampleShapes
{
    /// <summary>The size of an axis in Python; null when neither the program nor the data says it.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="fields">The fields, and the axes of each, samples first.</param>
    /// <param name="axes">All axes.</param>
    /// <param name="sizeOf">The size of another axis, which the program says.</param>
    public static string? SizeOf(Axis axis, IEnumerable<(string Field, IReadOnlyList<string> Shape)> fields, IEnumerable<Axis> axes, Func<Axis, string> sizeOf)
    {
        if (axis.Size is { } size)
        {
            return size.ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (field, shape) in fields)
        {
            int at = shape.ToList().IndexOf(axis.Name);
            List<Axis> others = [.. shape.Skip(1).Where(name => name != axis.Name).Select(name => axes.First(other => other.Name == name))];
            if (at == 0)
            {
                return $"len(data[\"{field}\"])";
            }

            if (at > 0 && others.TrueForAll(other => other.Size is not null))
            {
                return $"data[\"{field}\"].shape[1]{string.Concat(others.Select(other => " // " + sizeOf(other)))}";
            }
        }

        return null;
    }

    /// <summary>The size of an axis that no array of samples has, such as a vocabulary: a number in the file of samples.</summary>
    public static string Saved(string axis) => $"int(data[\"{axis}\"])";

    /// <summary>A limit program whose axes that the samples may have been turned along, into the dimensions that they span, have the size that comes with the data.</summary>
    public static Program WithTurnedAxesOfData(Program limit)
    {
        HashSet<string> turned = [.. RotationInvariance.AxesOf(limit)];
        return limit with { Axes = [.. limit.Axes.Select(axis => axis.Size is not null && turned.Contains(axis.Name) && limit.Body.Instructions().OfType<Instruction.Data>().Any(data => ComesWith(data, axis)) ? axis with { Size = null } : axis)] };

        bool ComesWith(Instruction.Data data, Axis axis)
        {
            List<string> axes = [.. data.Result.Indices.Skip(1).Select(binder => binder.Axis)];
            return axes.Contains(axis.Name) && axes.TrueForAll(name => name == axis.Name || limit.Axes.First(other => other.Name == name).Size is not null);
        }
    }
}
