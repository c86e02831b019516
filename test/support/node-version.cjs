"use strict";
// The sources are TypeScript that Node runs as they are, which needs Node 22.18 or newer. npm puts the pinned
// development dependency `node` first on the PATH; this says so plainly when it is not there.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `cdc-to-segment needs Node 22.18 or newer and this is Node ${process.versions.node}. ` +
      "`npm ci` installs Node 24 into node_modules/.bin (package `node`, whose install script must be allowed to run); " +
      "run `npm ci` again without --ignore-scripts, or install Node 24 yourself.",
  );
  process.exit(1);
}
