#!/usr/bin/env bash
# For maintainers: checks the set-up on a bare machine, a Debian root with nothing in it but git and the .NET SDK.
#   sudo bash environment/check-bare-root.sh [--suite bookworm] [--dir DIR] [--cold] [--user] [-- COMMAND]
# Makes the root with debootstrap, copies this machine's apt, certificate, NuGet and npm configuration in, mounts the SDK read-only,
# clones HEAD of this repository, and runs COMMAND there (default: both commands of the README) in name spaces of its own, so
# that mounts and processes vanish with it. The NuGet packages are kept in DIR between checks, unless --cold is given.
# --user runs COMMAND as a plain user without sudo. Exit code: that of COMMAND.
set -euo pipefail

suite=bookworm dir=${TMPDIR:-/tmp}/visioncell-bare cold=0 user=0
command='time bash environment/run.sh && time bash environment/test.sh'
while [ $# -gt 0 ]; do
    case $1 in
        --suite) suite=$2; shift 2 ;;
        --dir) dir=$2; shift 2 ;;
        --cold) cold=1; shift ;;
        --user) user=1; shift ;;
        --) shift; command=$*; break ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
[ "$(id -u)" = 0 ] || { echo "check-bare-root: needs root (debootstrap, mounts)" >&2; exit 3; }
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=bare.sh
source "$root/environment/bare.sh"
find_dotnet
sdk=$DOTNET_ROOT
[ -z "$(git -C "$root" status --porcelain)" ] || echo "check-bare-root: what is not committed is not checked" >&2

base=$dir/$suite bare=$dir/root
bare_base "$suite" "$dir"
rm -rf --one-file-system "$bare"
cp -a --reflink=auto "$base" "$bare"
bare_network "$bare"
chroot "$bare" apt-get -qq update
chroot "$bare" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends git >"$dir/git.log" 2>&1
git clone -q --no-hardlinks "$root" "$bare/srv/vision-cell"

who=()
home=/root
if [ $user = 1 ]; then
    chroot "$bare" useradd -m tester
    cp -a "$bare/root/.nuget" "$bare/home/tester/"
    cp "$bare/root/.npmrc" "$bare/home/tester/" 2>/dev/null || true
    chroot "$bare" chown -R tester:tester /home/tester /srv/vision-cell
    who=(setpriv --reuid tester --regid tester --clear-groups)
    home=/home/tester
fi
mkdir -p "$bare/usr/share/dotnet" "$dir/nuget"
ln -sf ../share/dotnet/dotnet "$bare/usr/bin/dotnet"

environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "HOME=$home" LANG=C.UTF-8)
mapfile -t -O "${#environment[@]}" environment < <(bare_variables)
[ $cold = 1 ] || [ $user = 1 ] || nuget=$dir/nuget
export bare sdk nuget="${nuget:-}"
# shellcheck disable=SC2016 # expanded inside
exec unshare --mount --pid --fork --kill-child bash -c '
    set -e
    mount --bind "$sdk" "$bare/usr/share/dotnet"
    mount -o remount,bind,ro "$bare/usr/share/dotnet"
    mount -t proc proc "$bare/proc"
    mount --rbind /dev "$bare/dev"
    # A machine has it; slurmd asks for its control groups.
    mount --rbind /sys "$bare/sys"
    [ -z "$nuget" ] || mount --bind "$nuget" "$bare/root/.nuget/packages"
    exec chroot "$bare" "$@"' bare env -i "${environment[@]}" "${who[@]}" bash -c "cd /srv/vision-cell && $command"
