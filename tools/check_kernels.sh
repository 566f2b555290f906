#!/usr/bin/env bash
# `make check-kernels`: every C kernel must give the same bits for every width of vectors that this processor has, and on
# ARM. The kernels are cross-compiled for aarch64 by Swift's clang and run under QEMU, for which Debian's
# gcc-aarch64-linux-gnu and qemu-user are needed; without them that part is skipped with one line.
set -euo pipefail

output=$1
mkdir -p "$output"
clang=$(dirname "$(command -v swiftc)")/clang
[ -x "$clang" ] || clang=clang
mapfile -t sources < <(find Sources/CKernels -name '*.c' | sort)
sources+=(tools/kernels/kernel_digests.c)
# As the package manager compiles them.
options=(-O2 -std=gnu11 -ISources/CKernels/include)

"$clang" "${options[@]}" "${sources[@]}" -lm -o "$output/here"
"$output/here" 256 >"$output/256.txt"
count=$(wc -l <"$output/256.txt")
if "$output/here" 512 >"$output/512.txt" 2>/dev/null; then
  diff "$output/256.txt" "$output/512.txt"
  echo "check-kernels: $count results have the same bits with vectors of 256 and 512 bits"
else
  echo "check-kernels: this processor has no AVX-512; skipped that comparison"
fi

sysroot=/usr/aarch64-linux-gnu
if ! command -v qemu-aarch64 >/dev/null || [ ! -d "$sysroot" ]; then
  echo "check-kernels: qemu-aarch64 or $sysroot is missing (Debian: qemu-user gcc-aarch64-linux-gnu); skipped ARM"
  exit 0
fi
# aarch64's compiler links: clang does not know where its libraries are.
objects=()
for source in "${sources[@]}"; do
  object=$output/$(basename "$source" .c).o
  "$clang" --target=aarch64-linux-gnu -isystem "$sysroot/include" "${options[@]}" -c "$source" -o "$object"
  objects+=("$object")
done
aarch64-linux-gnu-gcc "${objects[@]}" -lm -o "$output/arm"
qemu-aarch64 -L "$sysroot" "$output/arm" 256 >"$output/arm.txt"
diff "$output/256.txt" "$output/arm.txt"
echo "check-kernels: $count results have the same bits on aarch64 (emulated)"
