// Bundles Neuroglancer into a folder that any file server shows and that asks the network for nothing:
//   node build.mjs FOLDER
// Neuroglancer's own icons (ikonate) are published on GitHub only; Feather's, from the npm registry, stand in their place.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error("usage: node build.mjs FOLDER");
  process.exit(2);
}

// Names of ikonate that Feather has under another.
const feather = {
  bin: "trash-2", close: "x", "code-alt": "code", "controls-alt": "sliders", cursor: "mouse-pointer",
  "eye-crossed": "eye-off", help: "help-circle", maximise: "maximize", rotate: "rotate-cw",
};

const icons = {
  name: "icons",
  setup(build) {
    build.onResolve({ filter: /^ikonate\/icons\/.*\.svg\?raw$/ }, ({ path }) => ({ path: path.slice("ikonate/icons/".length, -".svg?raw".length), namespace: "icon" }));
    build.onLoad({ filter: /.*/, namespace: "icon" }, async ({ path }) => ({
      contents: await readFile(join(here, "node_modules/feather-icons/dist/icons", `${feather[path] ?? path}.svg`), "utf8"),
      loader: "text",
    }));
    build.onResolve({ filter: /\.svg\?raw$/ }, async ({ path, ...rest }) => {
      const { path: file } = await build.resolve(path.slice(0, -"?raw".length), { ...rest });
      return { path: file, namespace: "raw" };
    });
    build.onLoad({ filter: /.*/, namespace: "raw" }, async ({ path }) => ({ contents: await readFile(path, "utf8"), loader: "text" }));
  },
};

// All bundles lie in one folder, so that a worker's sibling is beside it, not above it.
const siblings = {
  name: "siblings",
  setup(build) {
    build.onLoad({ filter: /neuroglancer\/lib\/async_computation\/request\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const moved = source.replace('"../async_computation.bundle.js"', '"./async_computation.bundle.js"');
      if (moved === source) throw new Error(`${path}: the address of its worker is not where it was`);
      return { contents: moved, loader: "js" };
    });
  },
};

await mkdir(out, { recursive: true });
const lib = join(here, "node_modules/neuroglancer/lib");
await build({
  entryPoints: {
    main: join(here, "main.js"),
    "chunk_worker.bundle": join(lib, "chunk_worker.bundle.js"),
    "async_computation.bundle": join(lib, "async_computation.bundle.js"),
  },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
  legalComments: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".svg": "dataurl" },
  plugins: [icons, siblings],
  // Only what Vision Cell writes: nothing that signs in anywhere or asks a service of the network.
  conditions: [
    "neuroglancer/datasource:none_by_default", "neuroglancer/datasource/zarr:enabled", "neuroglancer/datasource/precomputed:enabled",
    "neuroglancer/kvstore:none_by_default", "neuroglancer/kvstore/http:enabled",
    "neuroglancer/layer:none_by_default", "neuroglancer/layer/image:enabled", "neuroglancer/layer/segmentation:enabled", "neuroglancer/layer/annotation:enabled",
  ],
});
await copyFile(join(here, "index.html"), join(out, "index.html"));
await copyFile(join(lib, "mesh/draco/neuroglancer_draco.wasm"), join(out, "neuroglancer_draco.wasm"));

const packages = ["neuroglancer", "feather-icons"];
const require = createRequire(import.meta.url);
const notices = await Promise.all(packages.map(async (name) => {
  const { version, license } = require(join(here, "node_modules", name, "package.json"));
  return `${name} ${version} (${license})\n\n${await readFile(join(here, "node_modules", name, "LICENSE"), "utf8")}`;
}));
await writeFile(join(out, "LICENSES.txt"), `${notices.join("\n\n---\n\n")}\n\nLicences of what these bring along stand in the .LEGAL.txt files beside the scripts.\n`);
