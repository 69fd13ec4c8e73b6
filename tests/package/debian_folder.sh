# For the tests of packages: folders with a Debian 12 of their own, and what is tried in them. Sourced.
#
# A test calls `in_own_namespace "$@"` first. From then on its mounts are its own, and its processes
# end with it, however it ends.
#
# ARCH=arm64 or armhf: the folders are that machine's, and its programs run under emulation (qemu-user).
# For that the kernel is told how to run them, until the test ends, where it does not know yet.

die() { echo "$(basename "$0"): $1" >&2; exit 1; }

# Quiet while all is well: what a step printed is shown when it fails.
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; die "failed: $*"; }; }

in_own_namespace() {
  if [ "$(id -u)" != 0 ]; then
    echo "skipped: mounting folders and installing packages needs root"
    exit 77
  fi
  if [ "${TRELLIS_OWN_NAMESPACE:-}" != yes ]; then
    export TRELLIS_OWN_NAMESPACE=yes work
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    local status=0
    know_foreign_programs
    # Not `exec`: the folder goes when the mounts in it have gone.
    unshare --mount --pid --fork --kill-child "$0" "$@" || status=$?
    exit "$status"
  fi
}

# What a test needs of the kernel to start programs of $ARCH; forgotten with the test's own folder.
know_foreign_programs() {
  local emulator ident machine binfmt=/proc/sys/fs/binfmt_misc
  case "${ARCH:-}" in
    '') return ;;
    arm64) emulator=qemu-aarch64-static ident='\x02' machine='\xb7' ;;
    armhf) emulator=qemu-arm-static ident='\x01' machine='\x28' ;;
  esac
  local undo='rm -rf "$work"'
  if ! [ -e "$binfmt/register" ]; then
    mount -t binfmt_misc none "$binfmt" || {
      echo "skipped: this kernel cannot be told how to run programs of $ARCH (binfmt_misc)"
      exit 77
    }
    undo="umount $binfmt; $undo"
    trap "$undo" EXIT
  fi
  if grep -qs "interpreter .*/${emulator%-static}" "$binfmt"/qemu-*; then return; fi
  local name="trellis-test-$ARCH-$$"
  # The head of an ELF program or library, whatever its system; F: the emulator is opened now, so that
  # it need not be in the folders.
  local zeros='\x00\x00\x00\x00\x00\x00\x00\x00\x00'
  local rest='\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":$name:M::\\x7fELF$ident\\x01\\x01$zeros\\x02\\x00$machine\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00$rest:$(command -v "$emulator"):F" \
    >"$binfmt/register"
  trap "echo -1 >$binfmt/$name; $undo" EXIT
}

# debian_base FOLDER: what debootstrap makes of Debian 12, made once and kept.
debian_base() {
  if [ ! -d "$1" ]; then
    mkdir -p "$(dirname "$1")"
    rm -rf "$1.new"
    quietly debootstrap ${ARCH:+--arch="$ARCH"} --variant=minbase bookworm "$1.new" ${TRELLIS_MIRROR:+"$TRELLIS_MIRROR"}
    rm -f "$1.new"/var/cache/apt/archives/*.deb
    mv "$1.new" "$1"
  fi
}

# over BASE FOLDER: the base at the folder, writable, and the base itself unchanged.
over() {
  mkdir -p "$2" "$work/upper" "$work/scratch"
  if ! mount -t overlay overlay \
    -o "lowerdir=$1,upperdir=$work/upper,workdir=$work/scratch" "$2" 2>/dev/null; then
    cp -a "$1/." "$2/"
  fi
  mount -t proc proc "$2/proc"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# answer URL: what the server there says, once it serves.
answer() { curl -sS --fail --max-time 10 --retry 60 --retry-delay 1 --retry-all-errors "$1" 2>/dev/null; }

# run_in FOLDER PROGRAM...: with an environment of nothing but a home.
run_in() {
  local folder="$1"
  shift
  env -i HOME=/root USER=tester PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    chroot "$folder" "$@"
}

# serve_in FOLDER PROGRAM...: the same for the background, whose process is then the program itself.
serve_in() {
  local folder="$1"
  shift
  exec env -i HOME=/root USER=tester PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    chroot "$folder" "$@"
}

# stop PID: asks a host to end, which must say that all went well.
stop() {
  kill -TERM "$1"
  wait "$1" || { cat "$work/host.log"; die "the host ended with status $?"; }
}

# try_doctor FOLDER PROGRAM
try_doctor() {
  run_in "$1" "$2" doctor >"$work/log" 2>&1 || { cat "$work/log"; die "doctor finds problems"; }
  tail -n 1 "$work/log"
}

# counter_manifest PROVIDERS ACTORS PORT: kvcounter over HTTP and key-value, the store from an archive.
counter_manifest() {
  cat <<YAML
actors: [$2/kvcounter.wasm]
capabilities:
  - image_ref: builtin:httpserver
  - image_ref: $1/keyvalue.par
links:
  - actor: $2/kvcounter.wasm
    contract_id: wasmcloud:keyvalue
    provider_id: $1/keyvalue.par
  - actor: $2/kvcounter.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {BIND: "127.0.0.1:$3"}
YAML
}

# try_counter FOLDER PROGRAM PROVIDERS ACTORS: the paths are those inside the folder.
try_counter() {
  local port
  port="$(free_port)"
  counter_manifest "$3" "$4" "$port" >"$1/tmp/counter.yaml"
  serve_in "$1" "$2" up --strict --manifest /tmp/counter.yaml >"$work/host.log" 2>&1 &
  local host=$!
  local first second
  first="$(answer "http://127.0.0.1:$port/visits")" || { cat "$work/host.log"; die "no answer"; }
  second="$(answer "http://127.0.0.1:$port/visits")"
  echo "counter: $first $second"
  [ "$first $second" = '{"counter":1} {"counter":2}' ] || die "these are other answers"
  stop "$host"
}

# try_dev FOLDER PROGRAM MODULE: `trellis dev` signs and serves the template's module.
try_dev() {
  local port
  port="$(free_port)"
  serve_in "$1" "$2" dev "$3" --port "$port" >"$work/host.log" 2>&1 &
  local host=$!
  local said
  said="$(answer "http://127.0.0.1:$port/Ada")" || { cat "$work/host.log"; die "no answer"; }
  echo "template: $said"
  [[ "$said" == *"isit 1"* ]] || die "this is another answer"
  stop "$host"
}
