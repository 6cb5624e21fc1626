#!/usr/bin/env bash
# Boots a kernel in an emulated machine that has this machine's files, read
# only, and runs a command there as root. `/run/results` there is RESULTS here;
# the command's output and its status are in it.
# usage: scripts/kernels/boot.sh FOLDER VERSION RESULTS SECONDS COMMAND…
#   FOLDER    what fetch.sh unpacked
#   SECONDS   after which the machine is switched off
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../lib.sh"
FOLDER="$1" VERSION="$2" RESULTS="$3" LIMIT="$4"
shift 4
IMAGE="$RESULTS/initramfs"

# The modules between the kernel and its files, in the order of their needs.
modules() {
  local name
  for name in virtio_pci 9pnet_virtio 9p; do
    modprobe -d "$FOLDER" -S "$VERSION" --show-depends "$name" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
  done | awk '!seen[$0]++'
}

image() {
  local number=10 file module
  mkdir -p "$IMAGE"/{bin,proc,dev,sys,root,modules}
  cp "$(command -v busybox)" "$IMAGE/bin/busybox"
  for file in sh mount umount insmod chroot ip mkdir poweroff; do ln -sf busybox "$IMAGE/bin/$file"; done
  cp scripts/kernels/init "$IMAGE/init"
  chmod 755 "$IMAGE/init"
  for file in $(modules); do
    module="$IMAGE/modules/$number-$(basename "${file%%.ko*}").ko"
    case $file in
      *.xz) xz -dc "$file" ;;
      *.zst) zstd -qdc "$file" ;;
      *) cat "$file" ;;
    esac >"$module"
    number=$((number + 1))
  done
  (cd "$IMAGE" && find . | cpio --quiet -o -H newc) >"$IMAGE.cpio"
}

image
printf '%q ' "$@" >"$RESULTS/command"

# A command may ask for its kernel's seccomp to be changed.
(
  while [ ! -e "$RESULTS/change" ]; do sleep 0.2; done
  # shellcheck disable=SC2046 # two words
  python3 scripts/kernels/old_seccomp.py "$RESULTS/debugger" $(cat "$RESULTS/change") >"$RESULTS/changed.part" 2>&1 || true
  mv "$RESULTS/changed.part" "$RESULTS/changed"
) &
WATCHER=$!
trap 'kill "$WATCHER" 2>/dev/null || true' EXIT
# Emulated: nested virtualisation is not to be had everywhere.
timeout "$LIMIT" qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none -serial "file:$RESULTS/console" \
  -machine q35 -accel tcg -cpu Westmere -smp 1 -m 2G \
  -kernel "$FOLDER/boot/vmlinuz-$VERSION" -initrd "$IMAGE.cpio" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check" \
  -virtfs local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap \
  -virtfs "local,path=$RESULTS,mount_tag=results,security_model=none,multidevs=remap" \
  -gdb "unix:$RESULTS/debugger,server=on,wait=off" </dev/null >"$RESULTS/qemu" 2>&1 || true
[ -s "$RESULTS/status" ] || {
  say "the machine ended without a result:" "$(tail -n 20 "$RESULTS/qemu" "$RESULTS/console" "$RESULTS/output" 2>/dev/null)"
  exit 1
}
exit "$(cat "$RESULTS/status")"
