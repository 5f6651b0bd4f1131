// Refuses an `#include` or `import` that points to a higher layer. The orders stand in cpp/LAYERS and
// lib/LAYERS.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const USAGE = `Usage: node tools/check-layers.mjs [folder]

Checks the layers of the repository in which this script stands, or of the one in <folder>:
  cpp/   an #include "layer/..." points down or stays in its layer (order: cpp/LAYERS)
         kernels/*-inl.h include no standard header but those without templates
  lib/   a relative import points down or stays in its layer (order: lib/LAYERS)
         nothing is imported from ${list(foreignFolders())}
Prints one line per violation and exits with 1 if there is any.`;

// An -inl.h file is compiled once per instruction set. A template of the standard library in it would
// be instantiated with that set's instructions, and the linker may keep that copy for everybody.
const INL_HEADERS = [
  'cstddef',
  'cstdint',
  'cstring',
  'float.h',
  'limits.h',
  'stddef.h',
  'stdint.h',
  'string.h',
  'arm_neon.h',
  'immintrin.h',
  'wasm_simd128.h',
];

function foreignFolders() {
  return ['test', 'bench', 'tools', 'training', 'examples'];
}

function list(words) {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** Every violation in the repository at `root`, as `file:line: what is wrong`. */
function findViolations(root) {
  return [...checkCpp(root), ...checkLib(root)];
}

function checkCpp(root) {
  const layers = readLayers(path.join(root, 'cpp/LAYERS')).flat();
  const order = `the order in cpp/LAYERS is ${layers.join(' < ')}`;
  return readSources(root, 'cpp', /\.(h|cc)$/).flatMap((file) => {
    const folder = file.name.split('/')[0];
    const rank = layers.indexOf(folder);
    if (rank < 0) return [`${file.path}: the folder ${folder}/ is not in cpp/LAYERS; add it there`];
    return matches(file, /^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]/gm).flatMap((match) => {
      const [, bracket, target] = match.groups;
      const complaint =
        bracket === '<'
          ? checkSystemHeader(file.name, target)
          : checkInclude(layers, rank, target, order);
      return complaint ? [`${file.path}:${match.line}: ${complaint}`] : [];
    });
  });
}

function checkInclude(layers, rank, target, order) {
  const folder = target.split('/')[0];
  const targetRank = target.includes('/') ? layers.indexOf(folder) : -1;
  if (targetRank < 0) return `includes "${target}", which is in no folder of cpp/LAYERS`;
  if (targetRank <= rank) return undefined;
  return `${layers[rank]} includes "${target}" from the higher layer ${folder}; ${order}`;
}

function checkSystemHeader(name, header) {
  if (!/^kernels\/.*-inl\.h$/.test(name) || INL_HEADERS.includes(header)) return undefined;
  return `an -inl.h file includes <${header}>; it may include only <${INL_HEADERS.join('>, <')}>`;
}

function checkLib(root) {
  const layers = readLayers(path.join(root, 'lib/LAYERS'));
  const rankOf = (name) => {
    const folder = name.includes('/') ? `${name.split('/')[0]}/` : undefined;
    const named = layers.findIndex((entries) => entries.includes(folder ?? name));
    return named >= 0 || folder ? named : layers.findIndex((entries) => entries.includes('*'));
  };
  const describe = (name) => layers[rankOf(name)].join(' ');
  return readSources(root, 'lib', /\.[cm]?ts$/).flatMap((file) => {
    if (rankOf(file.name) < 0) return [`${file.path}: is in no layer of lib/LAYERS; add it there`];
    return findImports(file).flatMap(({ specifier, line }) => {
      const target = path.posix.join(path.posix.dirname(file.path), specifier);
      const where = `${file.path}:${line}: imports ${specifier}`;
      if (foreignFolders().includes(target.split('/')[0])) {
        return [`${where}, but lib/ may not depend on ${list(foreignFolders())}`];
      }
      if (!target.startsWith('lib/')) return [];
      const name = target.slice('lib/'.length).replace(/\.([cm]?)js$/, '.$1ts');
      if (rankOf(name) < 0) return [`${where}, which is in no layer of lib/LAYERS; add it there`];
      if (rankOf(name) <= rankOf(file.name)) return [];
      return [
        `${where} from a higher layer: ${describe(file.name)} stands below ${describe(name)}`,
      ];
    });
  });
}

// Statements begin a line, so that examples in comments (which begin with an asterisk) do not count.
function findImports(file) {
  return [
    ...matches(file, /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"](\.[^'"]+)['"]/gm),
    ...matches(file, /^[ \t]*import\s*['"](\.[^'"]+)['"]/gm),
    ...matches(file, /\b(?:import|require)\s*\(\s*['"](\.[^'"]+)['"]/g),
  ].map((match) => ({ specifier: match.groups[1], line: match.line }));
}

function matches(file, pattern) {
  return [...file.text.matchAll(pattern)].map((groups) => ({
    groups,
    line: file.text.slice(0, groups.index + groups[0].length).split('\n').length,
  }));
}

/** Layers, bottom first; each a list of entries. */
function readLayers(file) {
  if (!existsSync(file))
    throw new Error(`Expected the layer order in ${file}, which does not exist.`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/));
}

function readSources(root, top, pattern) {
  const walk = (folder) =>
    readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const child = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return walk(child);
      return entry.isFile() && pattern.test(entry.name) ? [child] : [];
    });
  return walk(top)
    .sort()
    .map((file) => ({
      path: file,
      name: file.slice(top.length + 1),
      text: readFileSync(path.join(root, file), 'utf8'),
    }));
}

function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  if (args.length > 1 || args[0]?.startsWith('-')) {
    console.error(`Expected at most one folder but received: ${args.join(' ')}\n\n${USAGE}`);
    return 2;
  }
  const root = path.resolve(
    args[0] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '..'),
  );
  const violations = findViolations(root);
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) console.error(`${violations.length} violations of the layer order.`);
  return violations.length > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
