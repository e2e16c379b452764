// Holds custom resources against the schemas that npm carries, and names fields that these do not know.
//
//   node validate.mjs <node_modules> < documents.json
//
// Standard input is a JSON array of manifests; each problem becomes a line of standard output. A
// generated validator reads the fields that its schema knows and no others, so a field that it never
// read is one that the API server would drop.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PACKAGES = {
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
  "cert-manager.io": "@kubernetes-models/cert-manager",
};

const modules = process.argv[2];
for (const document of JSON.parse(readFileSync(0, "utf8"))) {
  for (const problem of await problemsOf(document)) {
    console.log(`${document.kind} ${document.metadata.name}: ${problem}`);
  }
}

async function problemsOf(document) {
  const group = document.apiVersion.split("/")[0];
  const model = join(modules, PACKAGES[group], document.apiVersion, `${document.kind}.js`);
  const { [document.kind]: Model } = await import(pathToFileURL(model));
  const unread = [];
  try {
    // A model is made by copying, which reads everything; its check works on whatever it is given.
    Model.prototype.validate.call(watched(document, "", unread));
  } catch (error) {
    return [error.message];
  }
  return unread.flatMap((list) => list()).map((path) => `the schema knows no ${path}`);
}

// The value behind a proxy that remembers which members were read, all the way down.
function watched(value, path, unread) {
  if (value === null || typeof value !== "object") {
    return value;
  }
  const read = new Map();
  const member = (key) => {
    if (!read.has(key)) {
      read.set(key, watched(value[key], `${path}/${key}`, unread));
    }
    return read.get(key);
  };
  unread.push(() => Object.keys(value).filter((key) => !read.has(key)).map((key) => `${path}/${key}`));
  return new Proxy(value, {
    get: (target, key) => (typeof key === "string" && Object.hasOwn(target, key) ? member(key) : target[key]),
  });
}
