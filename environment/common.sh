# shellcheck shell=bash disable=SC2034 # variables are used by the scripts that source this
# Shared by the scripts of this folder; sourced, never run. Messages go to standard error, results to standard output.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=$root/artifacts
app=$artifacts/visioncell
quiet=${quiet:-0}

# The SDK writes nothing outside the repository but the NuGet cache: no first-run banner, certificate or profile entry.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
export DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_ADD_GLOBAL_TOOLS_TO_PATH=false
# Nothing here is localised, so ICU is not needed.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

say() { [ "$quiet" = 1 ] || printf '%s\n' "$*" >&2; }

# fail CODE MESSAGE: one line and out. 3: something is missing from the machine; 1: anything else.
fail() {
    printf 'setup: %s\n' "$2" >&2
    exit "$1"
}

# Sets $dotnet to a host whose SDK can build this repository (global.json: any 10.0 SDK).
find_dotnet() {
    local candidate found versions=
    for candidate in "${DOTNET_ROOT:+$DOTNET_ROOT/dotnet}" "$(command -v dotnet || true)" "${HOME:-/root}/.dotnet/dotnet" \
        /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet /usr/local/share/dotnet/dotnet; do
        if [ -z "$candidate" ] || [ ! -x "$candidate" ]; then continue; fi
        found=$("$candidate" --list-sdks 2>/dev/null | awk '{print $1}') || continue
        if grep -Eq '^10\.0\.[1-9][0-9]{2}' <<<"$found"; then
            dotnet=$candidate
            DOTNET_ROOT=$(dirname "$(readlink -f "$candidate")")
            export DOTNET_ROOT
            return
        fi
        versions="$versions $(tr '\n' ' ' <<<"$found")"
    done
    versions=$(xargs <<<"$versions" | tr ' ' ',')
    fail 3 "the .NET 10 SDK is needed (10.0.100 or newer of 10.0), found ${versions:-none}: install it as https://learn.microsoft.com/dotnet/core/install/linux says (Ubuntu 24.04: sudo apt-get install dotnet-sdk-10.0) and put dotnet on PATH or set DOTNET_ROOT"
}

# A fingerprint of every file under the given paths of the repository, build outputs left out, and of the build options.
fingerprint() {
    (
        cd "$root" || exit 1
        find "$@" -type d \( -name bin -o -name obj -o -name node_modules \) -prune -o -type f -print0 |
            sort -z | xargs -0 sha256sum
        echo "device ${VISIONCELL_DEVICE:-cpu}"
    ) | sha256sum | cut -d' ' -f1
}
