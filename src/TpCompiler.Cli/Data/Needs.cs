namespace TpCompiler.Cli.Data;

/// <summary>What a network asks of its data.</summary>
/// <param name="InputSize">Numbers of input a sample; null when the data decides.</param>
/// <param name="TargetSize">Numbers of target a sample, at least 1; 1 where it is the number of a class.</param>
/// <param name="Classes">For a target that is the number of a class: how many there are; null for targets that are numbers.</param>
internal sealed record Needs(int? InputSize, int TargetSize, int? Classes);
