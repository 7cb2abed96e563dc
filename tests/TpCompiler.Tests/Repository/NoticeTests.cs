using System.Xml.Linq;

namespace TpCompiler.Tests.Repository;

public sealed class NoticeTests
{
    [Fact]
    public void Every_package_is_named_in_the_notice()
    {
        string notice = File.ReadAllText(Checkout.File("NOTICE").FullName);
        IEnumerable<string> packages = XDocument.Load(Checkout.File("Directory.Packages.props").FullName)
            .Descendants("PackageVersion")
            .Select(package => package.Attribute("Include")!.Value);

        Assert.All(packages, package => Assert.Matches($@"(?m)^   {package} +\S", notice));
    }
}
