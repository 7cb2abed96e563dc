namespace TpCompiler.Cli.Data;

/// <summary>What a network is trained on, in memory: <paramref name="Count"/> rows of inputs and of targets.</summary>
/// <param name="Count">How many samples.</param>
/// <param name="InputSize">Numbers of input a sample.</param>
/// <param name="Inputs">Row by row, <paramref name="Count"/> × <paramref name="InputSize"/>.</param>
/// <param name="TargetSize">Numbers of target a sample; 1 where the target is the number of a class.</param>
/// <param name="Targets">Row by row, <paramref name="Count"/> × <paramref name="TargetSize"/>.</param>
internal sealed record Samples(int Count, int InputSize, double[] Inputs, int TargetSize, double[] Targets)
{
    /// <summary>The same rows with another number of columns counted as inputs.</summary>
    public Samples WithInputs(int size)
    {
        double[][] rows = [.. Inputs.Chunk(InputSize).Zip(Targets.Chunk(TargetSize), (inputs, targets) => (double[])[.. inputs, .. targets])];
        return new(Count, size, [.. rows.SelectMany(row => row[..size])], InputSize + TargetSize - size, [.. rows.SelectMany(row => row[size..])]);
    }
}
