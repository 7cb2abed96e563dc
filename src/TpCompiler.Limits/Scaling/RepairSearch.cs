namespace TpCompiler.Limits.Scaling;

internal static class RepairSearch
{
    public static Repair? Find(Analysis analysis, Assessment assessment) => null;
}
