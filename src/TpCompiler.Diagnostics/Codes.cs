using System.Runtime.CompilerServices;
using System.Text;

namespace TpCompiler.Diagnostics;

/// <summary>
/// The table of diagnostics: one row a code, and one page beside it (<c>Pages/CODE.md</c>). A code is never given a second meaning;
/// one that is no longer reported keeps its row.
/// </summary>
public static class Codes
{
    private static readonly List<DiagnosticDescriptor> Rows = [];

    // TP00xx: reading and writing files, limits on their size.
    public static readonly DiagnosticDescriptor FileNotFound = Error("TP0001", "file not found", "can't find the file `{0}`");
    public static readonly DiagnosticDescriptor FileUnreadable = Error("TP0002", "file can't be read", "can't read `{0}`: {1}");
    public static readonly DiagnosticDescriptor PathIsDirectory = Error("TP0003", "a directory where a file is expected", "`{0}` is a directory, not a file");
    public static readonly DiagnosticDescriptor FileTooLarge = Error("TP0004", "file too large", "`{0}` is larger than {1} bytes, the most that a program may have");
    public static readonly DiagnosticDescriptor NotUtf8 = Error("TP0005", "not UTF-8 text", "`{0}` is not UTF-8 text: the byte 0x{1:X2} at position {2} doesn't belong there");
    public static readonly DiagnosticDescriptor EmptyFile = Error("TP0006", "nothing declared", "`{0}` declares neither a program nor a network");
    public static readonly DiagnosticDescriptor FileNotWritable = Error("TP0007", "file can't be written", "can't write `{0}`: {1}");
    public static readonly DiagnosticDescriptor NestingTooDeep = Error("TP0008", "nested too deep", "this is nested more than {0} levels deep");
    public static readonly DiagnosticDescriptor ProgramTooLarge = Error("TP0009", "program too large", "this program has more than {0} {1}");

    // TP01xx: syntax.
    public static readonly DiagnosticDescriptor UnexpectedToken = Error("TP0101", "unexpected word or symbol", "expected {0}, found {1}");
    public static readonly DiagnosticDescriptor InvalidCharacter = Error("TP0102", "character without a meaning", "the character {0} has no meaning here");
    public static readonly DiagnosticDescriptor UnclosedBracket = Error("TP0103", "bracket never closed", "this `{0}` is never closed");
    public static readonly DiagnosticDescriptor UnterminatedString = Error("TP0104", "text never closed", "this text has no closing quote on its line");
    public static readonly DiagnosticDescriptor InvalidNumber = Error("TP0105", "not a number", "`{0}` can't be used as a number: {1}");
    public static readonly DiagnosticDescriptor UnexpectedEnd = Error("TP0106", "the file ends too early", "the file ends where {0} is expected");
    public static readonly DiagnosticDescriptor ReservedWord = Error("TP0107", "reserved word as a name", "`{0}` is a word of the language and can't be a name");
    public static readonly DiagnosticDescriptor StrayBracket = Error("TP0108", "bracket that closes nothing", "this `{0}` closes nothing");

    // TP02xx: names, types, shapes.
    public static readonly DiagnosticDescriptor UnknownName = Error("TP0201", "unknown name", "`{0}` is not defined");
    public static readonly DiagnosticDescriptor DuplicateName = Error("TP0202", "second definition", "`{0}` is already defined");
    public static readonly DiagnosticDescriptor ShapeMismatch = Error("TP0203", "sizes don't fit", "the sizes in `{0}` don't fit: {1}");
    public static readonly DiagnosticDescriptor WidthUsedAsFinite = Error("TP0204", "width used as a finite size", "`{0}` is a width, which goes to infinity, and can't be {1}");
    public static readonly DiagnosticDescriptor FiniteUsedAsWidth = Error("TP0205", "finite size used as a width", "`{0}` is a finite size, and {1} needs a width");
    public static readonly DiagnosticDescriptor UsedBeforeDefinition = Error("TP0206", "used before its definition", "`{0}` is used before it is defined");
    public static readonly DiagnosticDescriptor KindMismatch = Error("TP0207", "wrong kind of value", "{0} is {1}, and {2} is expected here");
    public static readonly DiagnosticDescriptor WrongArgumentCount = Error("TP0208", "wrong number of arguments", "`{0}` takes {1}, and is given {2}");
    public static readonly DiagnosticDescriptor UnknownFunction = Error("TP0209", "unknown function", "there is no function or nonlinearity named `{0}`");
    public static readonly DiagnosticDescriptor InvalidDimension = Error("TP0210", "not a size", "a finite size must be a whole number of at least 1, not {0}");
    public static readonly DiagnosticDescriptor MissingReturn = Error("TP0211", "network without a result", "the network `{0}` never returns anything");
    public static readonly DiagnosticDescriptor RecursiveDefinition = Error("TP0212", "defined by itself", "the definition of `{0}` leads back to itself");
    public static readonly DiagnosticDescriptor InvalidConstant = Error("TP0213", "constant without a value", "`{0}` has no value: {1}");
    public static readonly DiagnosticDescriptor UndeterminedDimension = Error("TP0214", "size not known", "nothing says how large `{0}` is");
    public static readonly DiagnosticDescriptor UnusedName = Warning("TP0215", "never used", "`{0}` is never used");
    public static readonly DiagnosticDescriptor NotCoordinatewise = Error("TP0216", "not an expression of coordinates", "{0} can't stand in an expression of the coordinates");
    public static readonly DiagnosticDescriptor InvalidPosition = Error("TP0217", "not a position", "`{0}` is no position on a finite axis");

    // TP03xx: parametrizations and training blocks.
    public static readonly DiagnosticDescriptor UnknownParametrization = Error("TP0301", "unknown parametrization", "there is no parametrization named `{0}`");
    public static readonly DiagnosticDescriptor ConflictingParametrization = Error("TP0302", "two parametrizations", "{0} has already been given a parametrization");
    public static readonly DiagnosticDescriptor MissingParametrization = Error("TP0303", "no parametrization", "nothing says how the weight `{0}` scales with the width");
    public static readonly DiagnosticDescriptor NotAWeight = Error("TP0304", "not a weight", "`{0}` is not a weight, and only weights have a parametrization");
    public static readonly DiagnosticDescriptor InexactExponent = Error("TP0305", "exponent is not an exact rational", "the exponent {0} is not an exact rational");
    public static readonly DiagnosticDescriptor UnknownSetting = Error("TP0306", "unknown setting", "{0} has no setting `{1}`");
    public static readonly DiagnosticDescriptor DuplicateSetting = Error("TP0307", "setting given twice", "`{0}` is already set");
    public static readonly DiagnosticDescriptor MissingSetting = Error("TP0308", "setting missing", "{0} needs `{1}`");
    public static readonly DiagnosticDescriptor SettingOutOfRange = Error("TP0309", "setting out of range", "`{0}` must be {1}, not {2}");
    public static readonly DiagnosticDescriptor UnknownLoss = Error("TP0310", "unknown loss", "there is no loss named `{0}`");
    public static readonly DiagnosticDescriptor UnknownOptimizer = Error("TP0311", "unknown optimizer", "there is no optimizer named `{0}`");
    public static readonly DiagnosticDescriptor LossShapeMismatch = Error("TP0312", "loss doesn't fit the output", "the loss {0} needs {1}, and the network returns {2}");
    public static readonly DiagnosticDescriptor NothingToTrain = Error("TP0313", "nothing to train", "`train` has nothing to train: {0}");
    public static readonly DiagnosticDescriptor ParametrizationNotApplicable = Error("TP0314", "parametrization doesn't apply", "the parametrization `{0}` doesn't apply: {1}");

    // TP04xx: outside the theory.
    public static readonly DiagnosticDescriptor GrowsTooFast = Error("TP0401", "nonlinearity grows too fast", "`{0}` grows {1}, and the theory needs {2}");
    public static readonly DiagnosticDescriptor NotGaussianAtInit = Error("TP0402", "matrix is not Gaussian at initialisation", "the matrix `{0}` is {1}, and the theory needs independent Gaussian entries");
    public static readonly DiagnosticDescriptor VarianceNotScaled = Error("TP0403", "variance doesn't shrink with the width", "the entries of `{0}` have variance {1}, and a matrix of a Tensor Program has σ²/{2}");
    public static readonly DiagnosticDescriptor NotAnInstruction = Error("TP0404", "not a Tensor Program instruction", "{0} is not a MatMul, a Nonlin or a Moment");
    public static readonly DiagnosticDescriptor NotDifferentiable = Error("TP0405", "no derivative to train with", "`{0}` is differentiated here, and {1}");
    public static readonly DiagnosticDescriptor NoFiniteMoment = Error("TP0406", "expectation doesn't exist", "the expectation of `{0}` is not finite: {1}");
    public static readonly DiagnosticDescriptor NotDefinedEverywhere = Error("TP0407", "nonlinearity not defined everywhere", "`{0}` is not defined at {1}, and a Gaussian goes there");
    public static readonly DiagnosticDescriptor LogitsStayRandom = Error("TP0408", "logits stay random", "the scalar `{0}` keeps a random limit: it sums {1} terms of mean zero and divides by their square root");

    // TP05xx: verdicts that leave no limit, or none of use.
    public static readonly DiagnosticDescriptor UnstableAtInitialization = Warning("TP0501", "unstable at initialisation", "`{0}` grows like {1} at initialisation");
    public static readonly DiagnosticDescriptor UnstableInTraining = Warning("TP0502", "unstable in training", "`{0}` grows like {1} in training");
    public static readonly DiagnosticDescriptor Trivial = Warning("TP0503", "training does nothing in the limit", "the change of `{0}` in training vanishes like {1}");
    public static readonly DiagnosticDescriptor ScaleUndetermined = Error("TP0504", "exponent not determined", "the exponent of `{0}` can't be derived: {1}");
    public static readonly DiagnosticDescriptor NoMaximalUpdate = Error("TP0505", "no maximal update", "no parametrization makes every update of this program maximal: {0}");
    public static readonly DiagnosticDescriptor NoLimit = Error("TP0506", "no infinite-width limit", "there is no limit to {0}: {1}");
    public static readonly DiagnosticDescriptor DepthNotDerived = Warning("TP0507", "exponents of the depth not derived", "the exponents are those of the width alone: for powers of `{0}` no parametrization was found that is stable in depth");

    // TP06xx: data and execution.
    public static readonly DiagnosticDescriptor DataNotFound = Error("TP0601", "data not found", "can't find the data `{0}`");
    public static readonly DiagnosticDescriptor BadCell = Error("TP0602", "bad cell in a table", "row {0}, column {1}: `{2}` is not a number");
    public static readonly DiagnosticDescriptor DataShapeMismatch = Error("TP0603", "data doesn't fit the network", "{0} has {1}, and the network needs {2}");
    public static readonly DiagnosticDescriptor EmptyData = Error("TP0604", "no data", "`{0}` holds no example");
    public static readonly DiagnosticDescriptor BadImage = Error("TP0605", "image can't be read", "can't read the image `{0}`: {1}");
    public static readonly DiagnosticDescriptor BadLabel = Error("TP0606", "label is no class", "row {0}: the label {1} is not one of the {2} classes 0…{3}");
    public static readonly DiagnosticDescriptor NotFinite = Error("TP0607", "training left the numbers", "`{0}` became {1} at step {2}");
    public static readonly DiagnosticDescriptor ToleranceNotReached = Warning("TP0608", "tolerance not reached", "`{0}` is known to ± {1} after {2} points, and {3} was asked for");
    public static readonly DiagnosticDescriptor NeedsTooMuchMemory = Error("TP0609", "needs too much memory", "{0} needs {1} GiB, and {2} GiB are free");
    public static readonly DiagnosticDescriptor Interrupted = Warning("TP0610", "interrupted", "stopped at step {0} of {1}; what was computed until then is kept");
    public static readonly DiagnosticDescriptor NothingToRun = Error("TP0611", "nothing to run", "`{0}` has no {1} to run");
    public static readonly DiagnosticDescriptor StaysRandom = Warning("TP0612", "random at any width", "{0} is a Gaussian number of variance {1} at any width; what depends on it is shown for one draw of it");
    public static readonly DiagnosticDescriptor KernelNotPositive = Warning("TP0613", "kernel not positive definite", "{0} of {1} eigenvalues of the kernel lie below {2} (by {3} below 0) and count as 0: nothing is learned along their vectors");
    public static readonly DiagnosticDescriptor RateTooLarge = Warning("TP0614", "learning rate beyond stability", "at the learning rate {0} training diverges: it is stable up to {1}");
    public static readonly DiagnosticDescriptor BatchTooLarge = Warning("TP0615", "batch larger than the data", "a batch of {0} holds some samples more than once: there are only {1}");

    // TP07xx: tpc check.
    public static readonly DiagnosticDescriptor ExponentMismatch = Error("TP0701", "measured exponent differs from the derived", "`{0}` is derived to scale like {1}, and scales like {2} in finite nets");
    public static readonly DiagnosticDescriptor NotConverging = Error("TP0702", "finite nets don't approach the limit", "the distance of `{0}` to its limit scales like {1}, not n^(-1/2)");
    public static readonly DiagnosticDescriptor TooFewWidths = Error("TP0703", "too few widths", "a slope needs {0}, and there are {1}");

    // TP08xx: the command line.
    public static readonly DiagnosticDescriptor UnknownCode = Error("TP0801", "unknown diagnostic code", "there is no diagnostic `{0}`");
    public static readonly DiagnosticDescriptor UnknownStage = Error("TP0802", "unknown stage", "there is no stage `{0}` to emit");
    public static readonly DiagnosticDescriptor NotInTarget = Error("TP0803", "not possible in this target", "`{0}` can't be written in {1}: {2}");

    // TP09xx: faults of tpc itself.
    public static readonly DiagnosticDescriptor InternalError = Error("TP0901", "a bug in tpc", "this is a bug in tpc, not in your program: {0}");
    public static readonly DiagnosticDescriptor NotAvailable = Error("TP0902", "not available", "{0} is not available in this version of tpc");
    public static readonly DiagnosticDescriptor InvalidProgram = Error("TP0903", "invalid intermediate program", "the program after `{0}` is not well formed: {1}");

    /// <summary>Every row, by code.</summary>
    public static IReadOnlyList<DiagnosticDescriptor> All => Rows;

    /// <summary>The row of a code (<c>TP0201</c>, also <c>tp0201</c>) or of a name (<c>unknown-name</c>); null when there is none.</summary>
    public static DiagnosticDescriptor? Find(string codeOrName) =>
        Rows.Find(row => string.Equals(row.Code, codeOrName, StringComparison.OrdinalIgnoreCase)
            || string.Equals(row.Name, codeOrName, StringComparison.OrdinalIgnoreCase));

    private static DiagnosticDescriptor Error(string code, string title, string format, [CallerMemberName] string field = "") =>
        Add(new(code, KebabCase(field), Severity.Error, title, format));

    private static DiagnosticDescriptor Warning(string code, string title, string format, [CallerMemberName] string field = "") =>
        Add(new(code, KebabCase(field), Severity.Warning, title, format));

    private static DiagnosticDescriptor Add(DiagnosticDescriptor row)
    {
        Rows.Add(row);
        return row;
    }

    private static string KebabCase(string pascalCase)
    {
        StringBuilder kebab = new();
        foreach (char c in pascalCase)
        {
            if (char.IsAsciiLetterUpper(c) && kebab.Length > 0)
            {
                kebab.Append('-');
            }

            kebab.Append(char.ToLowerInvariant(c));
        }

        return kebab.ToString();
    }
}
