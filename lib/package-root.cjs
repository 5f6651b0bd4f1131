// Where this package lies on disk. Plain CommonJS, because `__dirname` then works alike from the ES
// module build, from the CommonJS build and from the sources.
const fs = require('node:fs');
const path = require('node:path');

/** The nearest folder above this file with a package.json: lib/ and dist/ hold none of this name. */
function findPackageRoot() {
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json');
    if (
      fs.existsSync(manifest) &&
      /"name":\s*"parrotlet"/.test(fs.readFileSync(manifest, 'utf8'))
    ) {
      return folder;
    }
  }
  return path.resolve(__dirname, '../..');
}

exports.packageRoot = findPackageRoot();
