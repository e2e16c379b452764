// Unpacks Chromium with its libraries and fonts into the present folder.
"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { brotliDecompressSync } = require("node:zlib");

const packed = "node_modules/@sparticuz/chromium/bin";
const unpack = (name) => brotliDecompressSync(fs.readFileSync(path.join(packed, `${name}.br`)));

for (const [archive, folder] of [["al2023", "libraries"], ["fonts", "fonts"]]) {
  fs.mkdirSync(folder);
  execFileSync("tar", ["-x", "-C", folder], { input: unpack(`${archive}.tar`) });
}
const fonts = ["/usr/share/fonts", path.resolve("fonts")].map((folder) => `<dir>${folder}</dir>`);
const cache = `<cachedir>${path.resolve("font-cache")}</cachedir>`;
fs.writeFileSync("fonts.conf", `<?xml version="1.0"?>\n<fontconfig>${fonts.join("")}${cache}</fontconfig>\n`);
fs.writeFileSync("chromium", unpack("chromium"), { mode: 0o755 });
// The archives are large and not needed again.
fs.rmSync(packed, { recursive: true });
