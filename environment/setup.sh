#!/usr/bin/env bash
# Sets up Vision Cell: Debian packages that are missing, NuGet packages, the published command in artifacts/visioncell, and,
# where npm is installed, Neuroglancer in artifacts/neuroglancer.
#   environment/setup.sh [--test] [--quiet]
# --test adds what the tests need and builds them. Run again it does only what has changed (well under two seconds when
# nothing has). Nothing outside the repository is touched but Debian packages and the NuGet cache.
# Exit codes: 0 done, 2 wrong use, 3 something is missing that cannot be installed from here, 1 anything else.
set -euo pipefail

tests=0
for argument in "$@"; do
    case $argument in
        --test) tests=1 ;;
        --quiet) quiet=1 ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) printf "setup: unknown option '%s'; known: --test, --quiet\n" "$argument" >&2; exit 2 ;;
    esac
done
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ "$(uname -sm)" = "Linux x86_64" ] ||
    fail 3 "this machine is $(uname -sm): the native libraries (libtorch, OpenCV) are published for Linux x86_64 only"
find_dotnet
mkdir -p "$artifacts"
log=$artifacts/setup.log

# One set-up at a time: two would publish into each other.
exec 9>"$artifacts/.setup.lock"
if ! flock --nonblock 9; then
    say "setup: another set-up is running, waiting for it"
    flock --timeout 1800 9 || fail 1 "another set-up has held $artifacts/.setup.lock for 30 minutes; end it and try again"
fi

# --- Debian packages ---------------------------------------------------------------------------------------------------

# Lines of a list as "NAME|ALTERNATIVE" (with '?' where optional), the reasons cut off.
listed() { awk '!/^[[:space:]]*(#|$)/ {print $1}' "$@"; }

# Those of the given groups of which no alternative is installed.
missing() {
    local installed group
    # shellcheck disable=SC2016 # a format of dpkg-query, not of the shell
    installed=" $(tr '?|' '  ' <<<"$*" | xargs dpkg-query -W -f='${db:Status-Status}:${Package} ' 2>/dev/null || true) "
    for group in "$@"; do
        local name there=0
        for name in $(tr '?|' '  ' <<<"$group"); do
            case $installed in *" installed:$name "*) there=1 ;; esac
        done
        [ $there = 1 ] || printf '%s\n' "$group"
    done
}

# Whether apt could install a package of that name. (grep reads to the end: with -q it would break apt-cache's pipe.)
available() { apt-cache policy "$1" 2>/dev/null | grep '^  Candidate: [^(]' >/dev/null; }

# The alternative of a group that this distribution has; the first where none is known.
choose() {
    local name first=
    for name in $(tr '?|' '  ' <<<"$1"); do
        first=${first:-$name}
        if available "$name"; then printf '%s' "$name"; return; fi
    done
    case $1 in \?*) ;; *) printf '%s' "$first" ;; esac
}

update_lists() {
    local attempt
    # Another apt may hold the lists; its lock is not waited for by apt-get itself.
    for attempt in $(seq 1 60); do
        if "${as_root[@]}" apt-get -qq update >>"$log" 2>&1; then return 0; fi
        grep -q 'Could not get lock' <(tail -n 3 "$log") || return 1
        [ "$attempt" != 1 ] || say "setup: waiting for another apt to finish"
        sleep 5
    done
    return 1
}

install_packages() {
    local groups=("$@") names=() group name
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            as_root=(sudo)
        else
            for group in "${groups[@]}"; do
                case $group in \?*) continue ;; esac
                names+=("$(choose "$group")")
            done
            [ ${#names[@]} != 0 ] || return 0
            fail 3 "missing Debian package(s): ${names[*]}; install them as root: apt-get update && apt-get install --no-install-recommends ${names[*]}"
        fi
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    say "setup: reading the package lists"
    update_lists || say "setup: the package lists could not be brought up to date ($(first_error)); going on with those at hand"
    for group in "${groups[@]}"; do
        name=$(choose "$group")
        if [ -n "$name" ]; then names+=("$name"); else say "setup: ${group#\?} is not in this distribution; what needs it will say so"; fi
    done
    [ ${#names[@]} != 0 ] || return 0
    say "setup: installing ${names[*]}"
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq install -y --no-install-recommends "${names[@]}" >>"$log" 2>&1 ||
        fail 1 "apt-get could not install ${names[*]}: $(first_error) (whole output: $log)"
}

# The first line of the log that says what went wrong.
first_error() {
    grep -m 1 -E '^E: |error [A-Z]+[0-9]+|error :|: error' "$log" | sed -E "s#^$root/##; s# \[[^]]*\]\$##" | cut -c1-300 ||
        tail -n 1 "$log" | cut -c1-300
}

: >"$log"
if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    lists=("$root/environment/packages-run.txt")
    [ $tests = 0 ] || lists+=("$root/environment/packages-test.txt")
    # shellcheck disable=SC2046 # names hold no blanks
    mapfile -t absent < <(missing $(listed "${lists[@]}"))
    # Node.js comes with npm from its makers and without it from Debian: the command counts, not the package.
    if [ $tests = 1 ] && ! command -v npm >/dev/null; then absent+=(npm); fi
    [ ${#absent[@]} = 0 ] || install_packages "${absent[@]}"
else
    say "setup: no apt here; what corresponds to environment/packages-run.txt must be there already (visioncell doctor says what is missing)"
fi

# --- The command and the tests -----------------------------------------------------------------------------------------

# Without build servers: a process left behind would hold the caller's output open for minutes.
build() {
    local what=$1
    shift
    "$dotnet" "$@" --disable-build-servers -p:Device="${VISIONCELL_DEVICE:-cpu}" >>"$log" 2>&1 || case $(grep -m 1 -oE 'NU1301|NU1101|NU1102|NU1004|NU1603' "$log") in
        NU1301) fail 1 "NuGet packages could not be fetched: $(first_error); check the network or the sources that 'dotnet nuget list source' shows (whole output: $log)" ;;
        NU*) fail 1 "NuGet packages could not be restored: $(first_error) (whole output: $log)" ;;
        *) fail 1 "$what failed: $(first_error) (whole output: $log)" ;;
    esac
}

shared=(Directory.Build.props Directory.Packages.props global.json)
sources=$(fingerprint src "${shared[@]}")
if [ "$(cat "$app/.sources" 2>/dev/null)" != "$sources" ]; then
    say "setup: restoring NuGet packages"
    build "restoring NuGet packages" restore "$root/src/VisionCell.Cli/VisionCell.Cli.csproj" --locked-mode
    say "setup: building"
    # Beside and renamed into place, so that a running command keeps the files that it has open.
    rm -rf "$artifacts/.visioncell.new" "$artifacts/.visioncell.old"
    build "the build" publish "$root/src/VisionCell.Cli/VisionCell.Cli.csproj" -c Release -r linux-x64 --self-contained false --no-restore -o "$artifacts/.visioncell.new"
    printf '%s\n' "$sources" >"$artifacts/.visioncell.new/.sources"
    [ ! -e "$app" ] || mv "$app" "$artifacts/.visioncell.old"
    mv "$artifacts/.visioncell.new" "$app"
    rm -rf "$artifacts/.visioncell.old"
fi
touch "$app/.sources"

# --- Neuroglancer ------------------------------------------------------------------------------------------------------

# Optional: without npm or the registry everything but `visioncell view` and `export neuroglancer` works, and those say so.
bundle_neuroglancer() {
    local work=$artifacts/.neuroglancer.build bundle=$artifacts/neuroglancer
    if ! command -v npm >/dev/null; then
        [ -d "$bundle" ] || say "setup: no npm here, so 'visioncell view' has no Neuroglancer: sudo apt-get install npm, then this again"
        return 0
    fi
    say "setup: bundling Neuroglancer"
    rm -rf "$work" "$artifacts/.neuroglancer.new"
    mkdir -p "$work"
    cp "$root"/src/neuroglancer/{package.json,package-lock.json,build.mjs,main.js,index.html} "$work"
    if ! (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node build.mjs "$artifacts/.neuroglancer.new") >>"$log" 2>&1; then
        say "setup: Neuroglancer could not be bundled (whole output: $log); 'visioncell view' will say so"
        rm -rf "$work" "$artifacts/.neuroglancer.new"
        return 0
    fi
    printf '%s\n' "$1" >"$artifacts/.neuroglancer.new/.sources"
    rm -rf "$bundle" "$work"
    mv "$artifacts/.neuroglancer.new" "$bundle"
}
sources=$(fingerprint src/neuroglancer)
[ "$(cat "$artifacts/neuroglancer/.sources" 2>/dev/null)" = "$sources" ] || bundle_neuroglancer "$sources"

# Khronos' glTF validator, for the tests alone: without it they fail and say so.
bundle_validator() {
    local work=$artifacts/.gltf-validator.new
    rm -rf "$work"
    mkdir -p "$work"
    cp "$root"/tests/gltf-validator/{package.json,package-lock.json,validate.mjs} "$work"
    if ! (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >>"$log" 2>&1; then
        say "setup: the glTF validator could not be fetched (whole output: $log); its tests will say so"
        rm -rf "$work"
        return 0
    fi
    printf '%s\n' "$1" >"$work/.sources"
    rm -rf "$artifacts/gltf-validator"
    mv "$work" "$artifacts/gltf-validator"
}

if [ $tests = 1 ]; then
    sources=$(fingerprint tests/gltf-validator)
    [ "$(cat "$artifacts/gltf-validator/.sources" 2>/dev/null)" = "$sources" ] || bundle_validator "$sources"
    sources=$(fingerprint src tests "${shared[@]}" VisionCell.slnx environment/tests.proj)
    if [ "$(cat "$artifacts/.tests" 2>/dev/null)" != "$sources" ]; then
        say "setup: building the tests"
        build "restoring NuGet packages" restore "$root/VisionCell.slnx" --locked-mode
        build "building the tests" build "$root/environment/tests.proj" --no-restore
        printf '%s\n' "$sources" >"$artifacts/.tests"
    fi
fi
say "setup: ready"
