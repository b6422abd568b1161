// The page: Neuroglancer with its state in the link. Without one it takes state.json beside the page, where sources are
// written relative to it ("zarr://./volume.zarr"), so that a folder can be moved, and served under any prefix.
import "neuroglancer/unstable/util/polyfills.js";
import "neuroglancer/unstable/layer/enabled_frontend_modules.js";
import "neuroglancer/unstable/datasource/enabled_frontend_modules.js";
import "neuroglancer/unstable/kvstore/enabled_frontend_modules.js";
import { setupDefaultViewer } from "neuroglancer/unstable/ui/default_viewer_setup.js";

const here = new URL(".", location.href).href;
const absolute = (text) => text.replace(/^([a-z]+:\/\/)\.\//, (_, scheme) => scheme + here);

function resolved(node) {
  if (typeof node === "string") return absolute(node);
  if (Array.isArray(node)) return node.map(resolved);
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolved(value)]));
}

const linked = location.hash.length > 2;
if (/^#!(\{|%7b)/i.test(location.hash)) {
  // A link may be relative too: it then holds wherever the page is.
  const state = resolved(JSON.parse(decodeURIComponent(location.hash.slice(2))));
  history.replaceState(null, "", `#!${encodeURIComponent(JSON.stringify(state))}`);
}
const viewer = setupDefaultViewer();
if (!linked) {
  const response = await fetch("state.json");
  if (response.ok) viewer.state.restoreState(resolved(await response.json()));
  else document.body.textContent = `state.json: ${response.status} ${response.statusText}`;
}
