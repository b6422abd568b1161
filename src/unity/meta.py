#!/usr/bin/env python3
"""Makes the .meta file of each asset of the Unity package that has none. The GUID is the MD5 of the asset's path in the package."""
import hashlib
import pathlib

root = pathlib.Path(__file__).parent / "com.visioncell.viewer"
IMPORTERS = {".cs": "MonoImporter", ".asmdef": "AssemblyDefinitionImporter", ".json": "PackageManifestImporter", ".md": "TextScriptImporter", ".hlsl": "ShaderIncludeImporter", ".shader": "ShaderImporter"}
for asset in sorted(root.rglob("*")):
    parts = asset.relative_to(root).parts
    # Unity passes over folders whose names end in a tilde.
    if asset.suffix == ".meta" or any(part.endswith("~") for part in parts):
        continue
    meta = asset.with_name(asset.name + ".meta")
    if meta.exists():
        continue
    guid = hashlib.md5("/".join(("com.visioncell.viewer",) + parts).encode()).hexdigest()
    folder = "folderAsset: yes\n" if asset.is_dir() else ""
    importer = "DefaultImporter" if asset.is_dir() else IMPORTERS.get(asset.suffix, "DefaultImporter")
    meta.write_text(f"fileFormatVersion: 2\nguid: {guid}\n{folder}{importer}:\n  externalObjects: {{}}\n  userData: \n  assetBundleName: \n  assetBundleVariant: \n")
