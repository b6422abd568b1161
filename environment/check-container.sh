#!/usr/bin/env bash
# For maintainers: builds the Dockerfile by buildah, without a Docker engine or an image registry, and uses the result as a user would.
#   sudo bash environment/check-container.sh [--suite bookworm] [--dir DIR] [--keep]
# The base images are made here: a Debian root by debootstrap with this machine's apt, certificate, NuGet and npm configuration and a copy of its .NET SDK,
# and the same with this machine's Node.js for Neuroglancer's stage. The image is built with JUPYTER=debian and, in name spaces with a loopback interface alone,
# as the image's own user: the command, the health check, and a notebook's first cells over Jupyter. Base images stay in DIR; --keep keeps the built one, too.
# Exit codes: 0 all of it worked, 1 something did not, 2 wrong use, 3 something is missing from the machine.
set -euo pipefail

suite=bookworm dir=${TMPDIR:-/tmp}/visioncell-bare keep=0
while [ $# -gt 0 ]; do
    case $1 in
        --suite) suite=$2; shift 2 ;;
        --dir) dir=$2; shift 2 ;;
        --keep) keep=1; shift ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
[ "$(id -u)" = 0 ] || { echo "check-container: needs root (debootstrap, mounts)" >&2; exit 3; }
for tool in buildah npm; do
    command -v $tool >/dev/null || { echo "check-container: $tool is missing: apt-get install $tool" >&2; exit 3; }
done
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=bare.sh
source "$root/environment/bare.sh"
find_dotnet

bare_base "$suite" "$dir"
# Its own storage, without kernel modules or a daemon: vfs copies whole layers.
store() { buildah --root "$dir/images" --runroot "$dir/images.run" --storage-driver vfs "$@"; }
installs() { chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${@:2}" >>"$dir/container.log" 2>&1; }
: >"$dir/container.log"
mkdir -p "$dir/images.run"

# --- Base images ---------------------------------------------------------------------------------------------------------

base=localhost/visioncell-base:$suite npm=localhost/visioncell-npm:$suite
if ! store inspect --type image "$base" >/dev/null 2>&1; then
    say "check-container: making $base"
    made=$(store from scratch)
    bare=$(store mount "$made")
    cp -a "$dir/$suite/." "$bare/"
    bare_network "$bare"
    chroot "$bare" apt-get -qq update
    # As the images of Debian have it: what a crash leaves of an image is thrown away, so that dpkg need not wait for the disk.
    echo force-unsafe-io >"$bare/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
    # What .NET's makers name for Debian, as their images have it.
    installs "$bare" ca-certificates libgcc-s1 libssl3 libstdc++6 zlib1g "$(chroot "$bare" apt-cache pkgnames | grep -E '^libicu[0-9]+$' | sort | tail -n 1)"
    cp -a "$DOTNET_ROOT" "$bare/usr/share/dotnet"
    ln -s ../share/dotnet/dotnet "$bare/usr/bin/dotnet"
    mapfile -t variables < <(bare_variables)
    store config "${variables[@]/#/--env=}" --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$made"
    store umount "$made" >/dev/null
    store commit --rm "$made" "$base" >>"$dir/container.log" 2>&1
fi
if ! store inspect --type image "$npm" >/dev/null 2>&1; then
    say "check-container: making $npm"
    made=$(store from --pull-never "$base")
    bare=$(store mount "$made")
    modules=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
    if [ -d "$modules/node_modules" ]; then
        # That of its makers, in one folder.
        mkdir -p "$bare/usr/lib/node_modules"
        cp -a "$modules" "$bare/usr/lib/node_modules/npm"
        cp "$(readlink -f "$(command -v node)")" "$bare/usr/bin/node"
        ln -s ../lib/node_modules/npm/bin/npm-cli.js "$bare/usr/bin/npm"
    else
        installs "$bare" npm
    fi
    store umount "$made" >/dev/null
    store commit --rm "$made" "$npm" >>"$dir/container.log" 2>&1
fi

# --- The image -----------------------------------------------------------------------------------------------------------

image=localhost/visioncell-checked
say "check-container: building $image"
store build --jobs 3 --isolation chroot --network host --pull-never --format docker --build-arg "SDK_IMAGE=$base" --build-arg "RUN_IMAGE=$base" \
    --build-arg "NODE_IMAGE=$npm" --build-arg JUPYTER=debian --build-arg VERSION=checked --tag "$image" --file "$root/Dockerfile" "$root" \
    >>"$dir/container.log" 2>&1 || { tail -n 20 "$dir/container.log" >&2; exit 1; }

# --- What a user does with it --------------------------------------------------------------------------------------------

container=$(store from --pull-never "$image")
bare=$(store mount "$container")
finish() {
    store umount "$container" >/dev/null
    store rm "$container" >/dev/null
    if [ $keep = 0 ]; then store rmi "$image" >/dev/null && store rmi --prune --force >/dev/null; fi
}
trap finish EXIT
say "check-container: using it ($(du -sm "$bare" | cut -f1) MB)"
store inspect --type image "$image" >"$dir/image.json"
install -m 644 "$dir/image.json" "$root/environment/check-container.py" "$bare/tmp/"
export bare
# shellcheck disable=SC2016 # expanded inside
unshare --mount --pid --net --uts --ipc --fork --kill-child bash -c '
    set -e
    mount -t proc proc "$bare/proc"
    mount --rbind /dev "$bare/dev"
    # Of iproute2 nothing is asked: the interface is brought up by its flag.
    python3 -c "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack(\"16sH22x\", b\"lo\", 1))"
    exec chroot "$bare" python3 /tmp/check-container.py /tmp/image.json'
