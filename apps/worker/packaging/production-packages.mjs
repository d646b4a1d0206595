/**
 * Which packages a workspace package needs to run, out of package-lock.json: the closure of dependencies, each resolved as Node resolves it
 * from where it is installed. Offline, and exactly what `npm ci` installed. Pure: `lock` is the parsed file.
 */

/** Where Node finds `name` from the package at `from`; undefined if nowhere. */
function resolveFrom(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    // A workspace package stands in apps/ or libs/: after its own node_modules come those of the root.
    for (const place of [at === '' ? '' : `${at}/`, '']) if (packages[`${place}node_modules/${name}`] !== undefined) return `${place}node_modules/${name}`;
    if (!at.includes('/node_modules/')) return undefined;
  }
}

/**
 * @returns every package by its path in the lock, `apps/x` and `libs/y` as well as `node_modules/z`; those of other platforms left out
 * @throws Error if a dependency that is not optional is not installed
 */
export function productionPackages(lock, root, { platform = process.platform, arch = process.arch } = {}) {
  const { packages } = lock;
  const found = new Map();
  const fits = ({ os, cpu }) => (os === undefined || os.includes(platform)) && (cpu === undefined || cpu.includes(arch));
  const visit = (path) => {
    if (found.has(path)) return;
    const entry = packages[path];
    found.set(path, entry);
    const wanted = [...Object.keys(entry.dependencies ?? {}).map((name) => [name, false]), ...Object.keys(entry.optionalDependencies ?? {}).map((name) => [name, true])];
    for (const [name, isOptional] of wanted) {
      const at = resolveFrom(packages, path, name);
      if (at === undefined) {
        if (isOptional) continue;
        throw new Error(`${path} needs ${name}, which package-lock.json does not have`);
      }
      const { link, resolved } = packages[at];
      const target = link === true ? resolved : at;
      if (!fits(packages[target])) {
        if (isOptional) continue;
        throw new Error(`${path} needs ${name}, which does not run on ${platform} ${arch}`);
      }
      visit(target);
    }
  };
  visit(root);
  return found;
}

/** A package's name by its path in the lock. */
export const nameOf = (path, entry) => entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** CycloneDX 1.6: what is in an archive, with the hashes that npm checked. Packages of the workspace are its own. */
export function billOfMaterials(packages, { name, version, timestamp }) {
  const components = [...packages].filter(([path]) => path.startsWith('node_modules/') || path.includes('/node_modules/')).map(([path, entry]) => {
    const component = nameOf(path, entry);
    const [, algorithm, digest] = /^(sha512|sha1)-(.+)$/.exec(entry.integrity ?? '') ?? [];
    return {
      type: 'library', name: component, version: entry.version, purl: `pkg:npm/${component.replace('@', '%40')}@${entry.version}`,
      ...(entry.license === undefined ? {} : { licenses: [/^[\w.+-]+$/.test(entry.license) ? { license: { id: entry.license } } : { expression: entry.license }] }),
      ...(digest === undefined ? {} : { hashes: [{ alg: algorithm === 'sha512' ? 'SHA-512' : 'SHA-1', content: Buffer.from(digest, 'base64').toString('hex') }] }),
    };
  }).sort((a, b) => (a.purl < b.purl ? -1 : 1));
  return { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { timestamp, component: { type: 'application', name, version } }, components };
}
