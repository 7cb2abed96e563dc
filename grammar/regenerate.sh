#!/usr/bin/env bash
# Writes src/TpCompiler.Language/Generated anew from TensorProgram.g4. Needs Java 11 or later, npm and the .NET SDK; nobody who only builds does.
# The tool is ANTLR 4.13.1, from the npm package antlr4ng-cli 2.0.0, run by Antlr4BuildTasks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cd "$scratch"
npm pack --silent antlr4ng-cli@2.0.0 >/dev/null
tar xzf antlr4ng-cli-2.0.0.tgz
mv package/antlr4-*-complete.jar antlr4-4.13.1-complete.jar

cp "$root/grammar/TensorProgram.g4" .
cp "$root/global.json" .
cat >Grammar.csproj <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <EnableDefaultCompileItems>false</EnableDefaultCompileItems>
    <RestorePackagesWithLockFile>false</RestorePackagesWithLockFile>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Antlr4BuildTasks" Version="8.13.0" PrivateAssets="all" />
    <Antlr4 Include="TensorProgram.g4" Package="TpCompiler.Language.Generated" Listener="false" Visitor="false" AntOutDir="generated" />
  </ItemGroup>
</Project>
PROJECT
dotnet restore -v q
dotnet msbuild -nologo -v:q -t:"Antlr4GetBuildDeps;Antlr4Compile" \
  -p:AntlrToolPath="$scratch/antlr4-4.13.1-complete.jar" -p:AntlrvsixJavaExec="$(command -v java)"

target=$root/src/TpCompiler.Language/Generated
mkdir -p "$target"
for class in TensorProgramLexer TensorProgramParser; do
  # No path of this machine, one line end, nothing public, and no console: the default writers are never used.
  tr -d '\r' <"generated/$class.cs" |
    sed -E -e 's|^// Generated from .*TensorProgram\.g4|// Generated from grammar/TensorProgram.g4|' \
      -e 's/^([[:space:]]*)public partial class /\1internal partial class /' \
      -e '/^\[System\.CLSCompliant\(false\)\]$/d' -e 's/Console\.(Out|Error)/TextWriter.Null/g' \
      -e 's/[[:space:]]+$//' -e '1s/^\xEF\xBB\xBF//' >"$target/$class.cs"
done
