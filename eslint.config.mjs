import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** What each room may import (docs/architecture.md). `errors` is the floor that every room stands on: docs/decisions/0001. */
const edges = {
  errors: [],
  ledger: [],
  numerics: ['ledger'],
  aggregation: ['ledger'],
  rounds: ['aggregation', 'ledger'],
  protocol: ['ledger', 'rounds'],
  onnx: [],
  artifacts: ['onnx', 'numerics', 'ledger'],
  runtime: ['onnx', 'numerics'],
  dataset: ['ledger'],
  simulation: ['rounds', 'numerics', 'aggregation', 'ledger'],
  coordinator: ['ledger', 'numerics', 'aggregation', 'rounds', 'protocol', 'onnx', 'artifacts'],
  worker: ['ledger', 'numerics', 'aggregation', 'rounds', 'protocol', 'onnx', 'artifacts', 'runtime', 'dataset'],
  // `models check` runs a model on the operator's own machine: docs/decisions/0004.
  cli: ['protocol', 'onnx', 'artifacts', 'ledger', 'runtime', 'dataset'],
  dashboard: ['protocol'],
  // The last three in specs only: the converted encoder is run as a device runs it.
  'example-sentiment': ['protocol', 'onnx', 'ledger', 'dataset', 'numerics', 'runtime'],
  // Its demo judges the fleet: it replays the log itself, and evaluates before and after.
  'example-language': ['protocol', 'onnx', 'artifacts', 'ledger', 'dataset', 'numerics', 'runtime', 'example-sentiment'],
  'e2e-dashboard': ['e2e-fleet'],
  'e2e-fleet': ['protocol', 'onnx', 'ledger', 'numerics', 'example-sentiment'],
};

/** Packages that only their own room may touch. */
const roomOf = {
  // The example runs a model that is none to be trained, once: the encoder whose state of silence its decoder takes.
  'onnxruntime-node': ['runtime', 'example-language'],
  '@nestjs/*': ['coordinator'],
  '@prisma/*': ['coordinator'],
  '@huggingface/tokenizers': ['dataset', 'example-language'],
};

const bannedFrom = (room) => Object.entries(roomOf).filter(([, rooms]) => !rooms.includes(room)).map(([name]) => name);

export default [
  { ignores: ['**/dist', '**/out-tsc', '**/node_modules', '**/generated', '**/.nx', '**/tmp'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  { files: ['**/*.mjs', '**/*.cjs', '**/*.js'], languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly', Buffer: 'readonly' } } },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@nx/enforce-module-boundaries': ['error', {
        enforceBuildableLibDependency: true,
        // a package's own `imports` map (one name, one file a platform), and the one way to run a spec
        allow: ['#crypto', '#stream', '../../jest.preset.mjs'],
        depConstraints: [
          ...Object.entries(edges).map(([room, targets]) => ({
            sourceTag: `room:${room}`,
            onlyDependOnLibsWithTags: ['room:errors', ...targets.map((target) => `room:${target}`)],
            bannedExternalImports: bannedFrom(room),
          })),
          { sourceTag: 'side:server', notDependOnLibsWithTags: ['side:device', 'side:test'] },
          { sourceTag: 'side:device', notDependOnLibsWithTags: ['side:server', 'side:test'] },
          { sourceTag: 'side:operator', notDependOnLibsWithTags: ['side:server', 'side:device'] },
          { sourceTag: 'side:workstation', notDependOnLibsWithTags: ['side:server', 'side:test'] },
          { sourceTag: 'side:both', onlyDependOnLibsWithTags: ['side:both'] },
        ],
      }],
    },
  },
  // Nest reads constructor parameter types at run time: a type-only import there would erase them.
  { files: ['apps/coordinator/**/*.ts'], rules: { '@typescript-eslint/consistent-type-imports': 'off' } },
];
