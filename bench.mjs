/**
 * `npm run bench -- NAME [--only FOLDER] [--json FILE]`: runs every `NAME.bench.ts` of the workspace (below FOLDER), one after the other,
 * prints their figures and writes them. A bench module exports `default async ({ figure }) => ...`. Nothing here asserts.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

/** Bundled CommonJS packages ask for Node's own modules with `require`. */
const requireForBundled = "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

const { values: options, positionals: [bench] } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' }, only: { type: 'string', default: '' } } });
const root = import.meta.dirname;
const sources = ['libs', 'apps', 'examples', 'e2e'].flatMap((folder) => readdirSync(join(root, folder)).map((room) => join(root, folder, room, 'src'))).filter(existsSync);
const files = sources.flatMap(filesBelow).filter((file) => file.endsWith('.bench.ts') && relative(root, file).startsWith(options.only));
const named = files.filter((file) => file.endsWith(`/${bench}.bench.ts`));
if (named.length === 0) {
  console.error(`There is no bench "${bench}"${options.only && ` below ${options.only}`}. Benches: ${[...new Set(files.map((file) => file.replace(/.*\/|\.bench\.ts$/g, '')))].join(', ') || 'none'}.`);
  process.exit(2);
}

const machine = () => ({ cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, memoryGigabytes: Math.round(totalmem() / 2 ** 30), load: loadavg().map((l) => Math.round(10 * l) / 10), node: process.version });
const atStart = machine();
console.log(`${atStart.cpu}, ${atStart.cores} cores, ${atStart.memoryGigabytes} GB, load ${atStart.load.join(' ')}, Node ${atStart.node}`);
const figures = [];
const figure = (entry) => {
  figures.push(entry);
  console.log(`${entry.name.padEnd(64)} ${String(Number(entry.value.toPrecision(4))).padStart(10)} ${entry.unit}`);
};

// Inside node_modules, so that what stays outside the bundle (ONNX Runtime has a native part) is found.
const built = join(root, 'node_modules', '.cache', 'seedfleet-bench', String(process.pid));
mkdirSync(built, { recursive: true });
try {
  for (const [i, file] of named.entries()) {
    const outfile = join(built, `${i}.mjs`);
    await build({ entryPoints: [file], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', conditions: ['@seedfleet/source'], logLevel: 'error', external: ['onnxruntime-node', 'playwright-core', '@axe-core/playwright', '@seedfleet/e2e-fleet'], banner: { js: requireForBundled } });
    console.log(`\n${relative(root, file)}`);
    await (await import(pathToFileURL(outfile).href)).default({ figure });
  }
} finally {
  rmSync(built, { recursive: true, force: true });
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ bench, machine: { ...atStart, loadAtEnd: machine().load }, figures }, null, 2)}\n`);

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
