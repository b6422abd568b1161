#!/usr/bin/env python3
"""The bill of materials of an installed Vision Cell as CycloneDX 1.5 JSON on standard output: NuGet packages from the .deps.json given, Debian packages
from dpkg, Python packages of the interpreter that jupyter runs with, where there is one, and of npm what a package-lock.json says is bundled.

    sbom.py artifacts/visioncell/VisionCell.Cli.deps.json [package-lock.json]
"""

import json
import os
import shutil
import subprocess
import sys
from urllib.parse import quote


def component(kind, name, version, purl, sha512=None):
    found = {"type": kind, "name": name, "version": version, "purl": purl, "bom-ref": purl}
    if sha512:
        found["hashes"] = [{"alg": "SHA-512", "content": sha512}]
    return found


def nuget(deps):
    import base64

    for key, library in json.load(open(deps, encoding="utf-8"))["libraries"].items():
        name, version = key.split("/")
        if library["type"] == "package":
            digest = library.get("sha512", "")
            digest = base64.b64decode(digest[len("sha512-"):]).hex() if digest.startswith("sha512-") else None
            yield component("library", name, version, f"pkg:nuget/{quote(name)}@{quote(version)}", digest)


def npm(lock):
    """Names are relative to node_modules, the last of which counts; what only builds, or is of another system, is not in the bundle."""
    for path, package in json.load(open(lock, encoding="utf-8"))["packages"].items():
        if path and not package.get("dev") and not package.get("optional"):
            name, version = path.rpartition("node_modules/")[2], package["version"]
            yield component("library", name, version, f"pkg:npm/{quote(name)}@{quote(version)}")


def debian():
    if not shutil.which("dpkg-query"):
        return
    release = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release", encoding="utf-8") if "=" in line)
    vendor = release["ID"].strip('"')
    listed = subprocess.run(["dpkg-query", "-W", "-f=${Package}\t${Version}\t${Architecture}\n"], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        name, version, architecture = line.split("\t")
        yield component("library", name, version, f"pkg:deb/{vendor}/{quote(name)}@{quote(version)}?arch={architecture}")


def python():
    pip = "/opt/jupyter/bin/pip"
    if not os.path.exists(pip):
        return
    for package in json.loads(subprocess.run([pip, "list", "--format=json"], capture_output=True, text=True, check=True).stdout):
        yield component("library", package["name"], package["version"], f"pkg:pypi/{quote(package['name'].lower())}@{quote(package['version'])}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    bundled = [c for lock in sys.argv[2:] for c in npm(lock)]
    components = {c["purl"]: c for c in [*nuget(sys.argv[1]), *bundled, *debian(), *python()]}
    json.dump({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": {"type": "application", "name": "visioncell", "bom-ref": "visioncell"}},
               "components": [components[key] for key in sorted(components)]}, sys.stdout, indent=1)
    print()
