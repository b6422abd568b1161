// Reads the Zarr v3 goldens with zarrita 0.7.5 and compares every voxel with the formula of make_voxels.py. Shards with their
// index at the start are left out: zarrita looks for it at the end only.
import FileSystemStore from "@zarrita/storage/fs";
import * as zarr from "zarrita";
import { readdirSync } from "node:fs";

const names = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(".").filter((n) => n.startsWith("v3-") && !n.includes("start"));
for (const name of names) {
  const array = await zarr.open(new FileSystemStore(`${process.cwd()}/${name}/0`), { kind: "array" });
  const { data, shape, stride } = await zarr.get(array);
  let wrong = 0;
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[2]; x++) {
        const v = z * 29 + y * 7 + x * 3 + ((x * y) % 5);
        const skipped = name.includes("missing") && z >= 2 && z < 4 && y >= 8 && y < 16 && x >= 16 && x < 24;
        const expected = skipped ? 77 : array.dtype === "uint8" ? v % 256 : array.dtype === "uint16" ? (v * 101) % 65536 : Math.fround(v * Math.fround(0.37) - 20);
        if (data[z * stride[0] + y * stride[1] + x * stride[2]] !== expected) wrong++;
      }
  console.log(`${name}: ${shape.join(" x ")} ${array.dtype}, ${wrong} voxels differ`);
  if (wrong) process.exitCode = 1;
}
