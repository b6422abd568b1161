# shellcheck shell=bash
# A bare Debian root, for check-bare-root.sh and check-container.sh; sourced, never run.

# bare_base SUITE DIR: a minimal Debian in DIR/SUITE, made by debootstrap the first time.
bare_base() {
    local suite=$1 dir=$2 mirror
    command -v debootstrap >/dev/null || { echo "$(basename "$0"): debootstrap is missing: apt-get install debootstrap" >&2; exit 3; }
    mkdir -p "$dir"
    if [ -e "$dir/$suite/.complete" ]; then return; fi
    # Either of the two may be missing.
    mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
        awk '$1 == "URIs:" {print $2; exit} $1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^[a-z]+:\/\//) {print $i; exit}}')
    rm -rf "${dir:?}/$suite"
    debootstrap --variant=minbase "$suite" "$dir/$suite" "$mirror" >"$dir/debootstrap.log" ||
        { tail -n 5 "$dir/debootstrap.log" >&2; exit 1; }
    touch "$dir/$suite/.complete"
}

# bare_network ROOT: apt, NuGet and npm in ROOT reach what they reach from this machine.
bare_network() {
    local bare=$1 part
    cp /etc/resolv.conf /etc/hosts "$bare/etc/"
    if [ -n "$(ls /etc/apt/sources.list.d 2>/dev/null)" ]; then rm -f "$bare/etc/apt/sources.list"; fi
    for part in sources.list sources.list.d auth.conf.d keyrings trusted.gpg.d preferences.d; do
        [ ! -e "/etc/apt/$part" ] || cp -a "/etc/apt/$part" "$bare/etc/apt/"
    done
    grep -l '^Acquire' /etc/apt/apt.conf.d/* 2>/dev/null | xargs -r cp -t "$bare/etc/apt/apt.conf.d/"
    mkdir -p "$bare/usr/local/share/ca-certificates" "$bare/root/.nuget/NuGet" "$bare/root/.nuget/packages"
    cp -a /usr/local/share/ca-certificates/. "$bare/usr/local/share/ca-certificates/"
    cp "$HOME"/.nuget/NuGet/NuGet.Config "$bare/root/.nuget/NuGet/" 2>/dev/null || true
    # npm bundles Neuroglancer; Debian's reads /etc/npmrc.
    cp "$HOME/.npmrc" "$bare/root/" 2>/dev/null || true
    cp /etc/npmrc "$bare/etc/" 2>/dev/null || true
}

# Variables by which this machine reaches the network, as NAME=VALUE lines.
bare_variables() {
    local name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY NUGET_CERT_REVOCATION_MODE NODE_EXTRA_CA_CERTS; do
        [ -z "${!name:-}" ] || printf '%s\n' "$name=${!name}"
    done
}
