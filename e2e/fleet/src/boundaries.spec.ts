import { readFileSync } from 'node:fs';
import { createProjectGraphAsync, type ProjectGraph } from '@nx/devkit';
import { ESLint, type Linter } from 'eslint';

const workspace = new URL('../../../', import.meta.url).pathname;
const rule = '@nx/enforce-module-boundaries';

interface BoundaryOptions { depConstraints: { sourceTag: string; onlyDependOnLibsWithTags?: string[] }[] }

const isBoundaryOptions = (value: unknown): value is BoundaryOptions => typeof value === 'object' && value !== null && 'depConstraints' in value && Array.isArray(value.depConstraints);

let graph: ProjectGraph;
let allRules: ESLint;
let sideRules: ESLint;

/** The options of the boundary rule for a TypeScript file, as the workspace's own config gives them. */
async function boundaryOptions(eslint: ESLint): Promise<BoundaryOptions> {
  const config: Linter.Config = await eslint.calculateConfigForFile(`${workspace}libs/ledger/src/index.ts`);
  const entry = config.rules?.[rule];
  const options = Array.isArray(entry) ? entry[1] : undefined;
  if (!isBoundaryOptions(options)) throw new Error('The workspace config does not configure the boundary rule.');
  return options;
}

/** What the boundary rule says about one line of source, as if it stood in a file of the room. */
async function boundaryProblems(eslint: ESLint, room: string, statement: string): Promise<string[]> {
  const results = await eslint.lintText(`${statement}\n`, { filePath: `${workspace}${room}/src/not-on-disk.ts` });
  return results.flatMap((result) => result.messages).filter((message) => message.ruleId === rule).map((message) => message.messageId ?? message.message);
}

const importOf = (name: string) => `import * as imported from '${name}';\nexport const again = imported;`;

beforeAll(async () => {
  // Without a project graph the rule prints a warning and lets everything pass: make it here, so that this spec never depends on who ran before.
  process.env['NX_DAEMON'] = 'false';
  graph = await createProjectGraphAsync({ exitOnError: false });
  allRules = new ESLint({ cwd: workspace });
  const options = await boundaryOptions(allRules);
  const sides = options.depConstraints.filter((constraint) => constraint.sourceTag.startsWith('side:'));
  sideRules = new ESLint({ cwd: workspace, overrideConfig: { files: ['**/*.ts'], rules: { [rule]: ['error', { ...options, depConstraints: sides }] } } });
  // The first text loads the parser: here, where time is plenty.
  for (const eslint of [allRules, sideRules]) await boundaryProblems(eslint, 'libs/ledger', importOf('@seedfleet/errors'));
}, 120_000);

describe('a room may import what the architecture draws', () => {
  test.each([
    ['libs/ledger', '@seedfleet/errors'],
    ['libs/numerics', '@seedfleet/ledger'],
    ['libs/runtime', 'onnxruntime-node'],
    ['libs/runtime', '@seedfleet/numerics'],
    ['libs/dataset', '@huggingface/tokenizers'],
    ['apps/coordinator', '@nestjs/common'],
    ['apps/coordinator', '@seedfleet/artifacts'],
    ['apps/worker', '@seedfleet/runtime'],
    ['apps/cli', '@seedfleet/protocol'],
  ])('%s imports %s', async (room, name) => {
    expect(await boundaryProblems(allRules, room, importOf(name))).toEqual([]);
  });
});

describe('lint fails when a room imports from a layer that it does not stand on', () => {
  test.each([
    ['libs/numerics', '@seedfleet/onnx'],
    ['libs/aggregation', '@seedfleet/numerics'],
    ['libs/rounds', '@seedfleet/numerics'],
    ['libs/protocol', '@seedfleet/numerics'],
    ['libs/onnx', '@seedfleet/ledger'],
    ['libs/artifacts', '@seedfleet/protocol'],
    ['libs/runtime', '@seedfleet/protocol'],
    ['libs/dataset', '@seedfleet/runtime'],
    ['apps/cli', '@seedfleet/coordinator'],
    ['apps/cli', '@seedfleet/rounds'],
    ['apps/worker', '@seedfleet/coordinator'],
    ['apps/coordinator', '@seedfleet/worker'],
    ['apps/coordinator', '@seedfleet/cli'],
    ['apps/dashboard', '@seedfleet/cli'],
  ])('%s imports %s', async (room, name) => {
    expect(await boundaryProblems(allRules, room, importOf(name))).toEqual(['onlyTagsConstraintViolation']);
  });

  test.each([
    ['libs/ledger', '@seedfleet/numerics'],
    ['libs/errors', '@seedfleet/rounds'],
  ])('%s closes a cycle when it imports %s, which stands on it', async (room, name) => {
    expect(await boundaryProblems(allRules, room, importOf(name))).toEqual(['noCircularDependencies']);
  });

  test('the command line loads the engine when it is asked to check a model, and at no other time', async () => {
    expect(await boundaryProblems(allRules, 'apps/cli', `export const late = await import('@seedfleet/runtime');`)).toEqual([]);
    expect(await boundaryProblems(allRules, 'apps/cli', importOf('@seedfleet/runtime'))).toEqual(['noImportsOfLazyLoadedLibraries']);
  });

  test('an import at run time counts like a static one', async () => {
    expect(await boundaryProblems(allRules, 'libs/numerics', `export const late = await import('@seedfleet/protocol');`)).toEqual(['onlyTagsConstraintViolation']);
  });
});

describe('text never reaches the server: code of the device stays on the device', () => {
  test.each([
    ['apps/coordinator', '@seedfleet/dataset'],
    ['apps/coordinator', '@seedfleet/runtime'],
  ])('the rule of the rooms stops %s from importing %s', async (room, name) => {
    expect(await boundaryProblems(allRules, room, importOf(name))).toEqual(['onlyTagsConstraintViolation']);
  });

  // The rule reports one broken constraint a line, so that the sides are judged here without the rooms.
  test.each([
    ['apps/coordinator', '@seedfleet/dataset', 'notTagsConstraintViolation'],
    ['apps/coordinator', '@seedfleet/runtime', 'notTagsConstraintViolation'],
    ['apps/coordinator', '@seedfleet/e2e-fleet', 'notTagsConstraintViolation'],
    ['apps/worker', '@seedfleet/coordinator', 'notTagsConstraintViolation'],
    ['apps/cli', '@seedfleet/coordinator', 'notTagsConstraintViolation'],
    ['apps/dashboard', '@seedfleet/dataset', 'notTagsConstraintViolation'],
    ['apps/dashboard', '@seedfleet/runtime', 'notTagsConstraintViolation'],
    // Not by way of the command line either, which may run a model on its own machine.
    ['apps/coordinator', '@seedfleet/cli', 'notTagsConstraintViolation'],
    ['libs/protocol', '@seedfleet/dataset', 'onlyTagsConstraintViolation'],
    ['libs/artifacts', '@seedfleet/runtime', 'onlyTagsConstraintViolation'],
  ])('the rule of the sides alone stops %s from importing %s', async (room, name, problem) => {
    expect(await boundaryProblems(sideRules, room, importOf(name))).toEqual([problem]);
  });
});

describe('lint fails on a way round the face of a library', () => {
  test.each([
    ['libs/rounds', '../../ledger/src/index.js'],
    ['apps/coordinator', '../../../libs/dataset/src/index.js'],
    ['libs/numerics', '../../ledger/dist/index.js'],
  ])('%s imports the file %s of another project', async (room, path) => {
    expect(await boundaryProblems(allRules, room, importOf(path))).toEqual(['noRelativeOrAbsoluteImportsAcrossLibraries']);
  });
});

describe('lint fails when a room imports a package that belongs to another room', () => {
  test.each([
    ['apps/coordinator', 'onnxruntime-node'],
    ['apps/worker', 'onnxruntime-node'],
    ['libs/onnx', 'onnxruntime-node'],
    ['libs/rounds', '@nestjs/common'],
    ['apps/cli', '@prisma/client'],
    ['apps/worker', '@huggingface/tokenizers'],
  ])('%s imports %s', async (room, name) => {
    expect(await boundaryProblems(allRules, room, importOf(name))).toEqual(['bannedExternalImportsViolation']);
  });
});

test('docs/architecture.md lists the rooms, sides and edges that lint enforces', async () => {
  const table = [...readFileSync(`${workspace}docs/architecture.md`, 'utf8').matchAll(/^\| ([a-z0-9-]+) \| ([a-z]+) \| ([a-z0-9, -]+) \| /gm)]
    .map(([, room = '', side = '', targets = '']) => `${room} (${side}): ${targets}`);
  const sideOf = new Map(Object.values(graph.nodes).map(({ data: { tags = [] } }) => [tags.find((tag) => tag.startsWith('room:')), tags.find((tag) => tag.startsWith('side:'))?.slice(5)]));
  const enforced = (await boundaryOptions(allRules)).depConstraints.filter(({ sourceTag }) => sourceTag.startsWith('room:')).map(({ sourceTag, onlyDependOnLibsWithTags = [] }) => {
    const targets = onlyDependOnLibsWithTags.map((tag) => tag.slice(5)).filter((room) => room !== 'errors').sort();
    return `${sourceTag.slice(5)} (${sideOf.get(sourceTag)}): ${targets.join(', ') || 'nothing'}`;
  });
  expect(table.filter((row) => !row.startsWith('room (')).sort()).toEqual(enforced.sort());
});

test('every project of the workspace is a room with one side, and has its line of edges', async () => {
  const rooms = (await boundaryOptions(allRules)).depConstraints.map(({ sourceTag }) => sourceTag).filter((tag) => tag.startsWith('room:'));
  const tagsOf = Object.values(graph.nodes).filter(({ name }) => name.startsWith('@seedfleet/')).map(({ data: { tags = [] } }) => tags.filter((tag) => /^(room|side):/.test(tag)));
  for (const tags of tagsOf) expect([tags.length, tags.filter((tag) => tag.startsWith('side:')).length]).toEqual([2, 1]);
  expect(tagsOf.flatMap((tags) => tags.filter((tag) => tag.startsWith('room:'))).sort()).toEqual(rooms.sort());
});
