// Khronos' own validator over .glb files: a line of JSON for each, with what it counts and what it says. Fails on none: the test judges.
import { readFileSync } from "node:fs";
import validator from "gltf-validator";

for (const path of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(readFileSync(path)), { uri: path, format: "glb", maxIssues: 20 });
  const { numErrors, numWarnings, numInfos, numHints, messages } = report.issues;
  console.log(JSON.stringify({
    errors: numErrors, warnings: numWarnings, infos: numInfos, hints: numHints,
    messages: messages.map((m) => `${m.code} at ${m.pointer ?? m.offset}: ${m.message}`),
    vertices: report.info?.totalVertexCount, triangles: report.info?.totalTriangleCount,
  }));
}
