// Validates custom resources by the schemas on npm, which state bounds and patterns too.
//
//   node validate.mjs <node_modules> < documents.json
//
// Standard input is a JSON array of manifests; each problem becomes a line of standard output. These validators accept
// unknown members; the types on crates.io reject them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PACKAGES = {
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
  "cert-manager.io": "@kubernetes-models/cert-manager",
};

const modules = process.argv[2];
for (const document of JSON.parse(readFileSync(0, "utf8"))) {
  const group = document.apiVersion.split("/")[0];
  const model = join(modules, PACKAGES[group], document.apiVersion, `${document.kind}.js`);
  const { [document.kind]: Model } = await import(pathToFileURL(model));
  try {
    Model.prototype.validate.call(document);
  } catch (error) {
    console.log(`${document.kind} ${document.metadata.name}: ${error.message}`);
  }
}
