#!/usr/bin/env bash
# The paper's Word2Vec experiment on two texts in text8's form: widths 64, 256, 1024 and the limit.
#   examples/results/word2vec/run.sh FOLDER [WIDTH…]     FOLDER holds wiki-small.txt.gz, wiki-30m.txt.gz (or links of these names to other texts) and questions-words.txt
# A run that was stopped goes on from its checkpoint. Then: python3 examples/results/word2vec/report.py
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(cd "$1" && pwd)
shift
tpc=(dotnet run -c Release --project ../../../src/TpCompiler.Cli --)
mkdir -p runs

# text, words that it has less often are left out, passes, nets
texts="small 20 20 3
30m 50 3 1"
echo "$texts" | while read -r text count epochs nets; do
  sed "s/^  min_count .*/  min_count $count/; s/^  epochs .*/  epochs $epochs/; s#words/wikipedia.txt.gz#$folder/wiki-$text.txt.gz#; s#words/questions-words.txt.gz#$folder/questions-words.txt#" ../../word2vec.tp > "runs/$text.tp"
  for width in "${@:-64 256 1024 limit}"; do
    for one in $width; do
      if [ "$one" = limit ]; then how=(--limit --precision fp32); else how=(--width "$one" --seeds "$nets"); fi
      start=$(date +%s)
      "${tpc[@]}" run -v "runs/$text.tp" "${how[@]}" --format json --checkpoint "runs/$text-$one.state" < /dev/null > "runs/$text-$one.json"
      echo $(($(date +%s) - start)) > "runs/$text-$one.seconds"
    done
  done
done

# On the small text: the sigmoid table of the authors' program, and the kernel regime.
[ $# -gt 0 ] && exit
sed "s/\* logistic(/* logistic_table(/" runs/small.tp > runs/table.tp
sed "s/^parametrization .*/parametrization ntk { W: (a: -1\/2) }/" runs/small.tp > runs/ntk.tp
for width in 64 256; do
  "${tpc[@]}" run -v runs/table.tp --width "$width" --seeds 3 --format json --checkpoint "runs/table-$width.state" > "runs/table-$width.json"
done
"${tpc[@]}" run -v runs/table.tp --limit --precision fp32 --format json --checkpoint runs/table-limit.state > runs/table-limit.json
for width in 64 1024; do
  "${tpc[@]}" run -v runs/ntk.tp --width "$width" --format json --checkpoint "runs/ntk-$width.state" > "runs/ntk-$width.json"
done
