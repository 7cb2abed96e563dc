#!/usr/bin/env bash
# The paper's meta-learning experiment on the official Omniglot files: every width with its published settings, and the limit.
#   examples/results/maml/run.sh FOLDER [WIDTH…]     FOLDER holds train.json, val.json, test.json, images_background and images_evaluation (folders or .zip)
# A run that was stopped goes on from its checkpoint. Then: python3 examples/results/maml/report.py
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(cd "$1" && pwd)
shift
tpc=(dotnet run -c Release --project ../../../src/TpCompiler.Cli --)
mkdir -p runs

# width, learning rate, variances of U and nV, multiplier of the bias: as published; "limit" is the µ-limit, "second" the same with the gradient through the inner step, "tanh" one with
# tanh units, at 1024 quasi-random points of one scrambling.
settings="limit 0.1 1 1/1024 1
second 0.1 1 1/1024 1
tanh 0.1 1/64 1/1024 1
2 0.05 1/4 1/4 2
8 0.1 1/4 1/16 1
32 0.4 1 1/64 0.5
128 0.1 1 1/64 1
512 0.1 1 1/1024 1
2048 0.1 1 1/1024 1
8192 0.1 1 1/1024 1"

while read -r width rate input output bias; do
  if [ $# -gt 0 ] && [[ " $* " != *" $width "* ]] || [ -s "runs/$width.json" ]; then
    continue
  fi

  sed "s|0.1 \* min|$rate * min|; s|U: (variance: 1) |U: (variance: $input) |; s|V: (variance: 1/1024)|V: (variance: $output)|; s|U \* x + b|U * x + $bias * b|" ../../maml.tp > "runs/$width.tp"
  how=(--limit)
  case $width in
    limit) ;;
    second) sed -i "s|grad(outer, fast))       //|grad(outer, params))     //|" "runs/$width.tp" ;;
    tanh)
      sed -i "s|h = U \* x + 1 \* b|h = tanh(U * x + b)|" "runs/$width.tp"
      how=(--limit --points 1024)
      ;;
    *) how=(--width "$width") ;;
  esac
  start=$(date +%s)
  "${tpc[@]}" run -v "runs/$width.tp" "${how[@]}" --steps 10000 --data "$folder" --format json --checkpoint "runs/$width.checkpoint" > "runs/$width.tmp"
  echo $(($(date +%s) - start)) > "runs/$width.seconds"
  mv "runs/$width.tmp" "runs/$width.json"
done <<< "$settings"

# Other nets, and the limit trained on other tasks.
for width in limit 2 8 32 128; do
  for seed in 1 2; do
    if [ ! -s "runs/$width.$seed.json" ] && { [ $# -eq 0 ] || [[ " $* " == *" $width "* ]]; }; then
      how=(--width "$width" --seed "$seed")
      [ "$width" = limit ] && how=(--limit --data-seed "$seed")
      start=$(date +%s)
      "${tpc[@]}" run -v "runs/$width.tp" "${how[@]}" --steps 10000 --data "$folder" --format json --checkpoint "runs/$width.$seed.checkpoint" > "runs/$width.tmp"
      echo $(($(date +%s) - start)) > "runs/$width.$seed.seconds"
      mv "runs/$width.tmp" "runs/$width.$seed.json"
    fi
  done
done

# Kernels that no task has trained, of several scales; then one of them trained for an epoch with several rates.
[ $# -gt 0 ] && [[ " $* " != *" kernels "* ]] && exit
for kernel in relu_NTK relu_GP linear_NTK; do
  for scale in 1/16 1/4 1 4 16; do
    name="runs/kernel-$kernel-${scale/\//_}"
    phi=relu
    [ "${kernel%_*}" = linear ] && phi=
    sed "s|^parametrization mup .*|parametrization ntk|; s|h = U \* x + b|h = $phi(U * x + 0 * b)|; s|return V \* h|return V * ($scale * h)|" ../../maml.tp > "$name.tp"
    [ "$kernel" = relu_GP ] && sed -i "s|fast   = params - 0.4 \* grad(inner, params)|fast = V - 0.4 * grad(inner, V)|; s|params = params -|V = V -|; s|fast\[0\] = params|fast[0] = V|" "$name.tp"
    [ -s "$name.json" ] || "${tpc[@]}" run -v "$name.tp" --limit --steps 0 --data "$folder" --format json > "$name.json"
  done
done
for rate in 0.1 0.01 0.001; do
  name="runs/trained-$rate"
  sed "s|0.1 \* min|$rate * min|" runs/kernel-relu_NTK-1.tp > "$name.tp"
  [ -s "$name.json" ] || "${tpc[@]}" run -v "$name.tp" --limit --steps 100 --data "$folder" --format json --checkpoint "$name.checkpoint" > "$name.json"
done
