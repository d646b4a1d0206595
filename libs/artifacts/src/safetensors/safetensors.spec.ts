import fc from 'fast-check';
import { readSafetensors, writeSafetensors, type NamedTensor } from './safetensors.js';

const tensors = (): fc.Arbitrary<NamedTensor[]> => fc.uniqueArray(
  fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.array(fc.nat({ max: 4 }), { maxLength: 3 })).chain(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return fc.record({ name: fc.constant(name), shape: fc.constant(shape), data: fc.float32Array({ minLength: size, maxLength: size, noNaN: true }) });
  }),
  { maxLength: 5, selector: ({ name }) => name },
).filter((list) => list.every(({ name }) => name !== '__metadata__' && name !== '__proto__'));

/** Two tensors as the Python package safetensors 0.8.0 writes them: save({'b': [[1, 2], [3, 4]], 'a': [0.5]}, metadata={'format': 'pt'}). */
const fromPython = 'kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbMCw0XX0sImIiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsMl0sImRhdGFfb2Zmc2V0cyI6WzQsMjBdfX0gICAAAAA/AACAPwAAAEAAAEBAAACAQA==';

test('tensors come back from their bytes in the order of their names', () => fc.assert(fc.property(tensors(), (list) => {
  const { tensors: read, metadata } = readSafetensors(writeSafetensors(list, { format: 'pt' }));
  expect([...read].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([...list].sort((a, b) => (a.name < b.name ? -1 : 1)));
  expect(metadata).toEqual({ format: 'pt' });
})));

test('an empty tensor before one whose name is a number comes back', () => {
  const list = [{ name: '.', shape: [0], data: new Float32Array() }, { name: '7', shape: [1], data: Float32Array.of(1) }];
  expect(readSafetensors(writeSafetensors(list)).tensors).toEqual(list);
});

test('a file of the Python package is read', () => {
  const { tensors: read, metadata } = readSafetensors(Uint8Array.from(atob(fromPython), (character) => character.charCodeAt(0)));
  expect(read.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([{ name: 'a', shape: [1], data: Float32Array.of(0.5) }, { name: 'b', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]);
  expect(metadata).toEqual({ format: 'pt' });
});

test('the data begins at a multiple of eight bytes', () => {
  for (const name of ['a', 'ab', 'abc']) {
    const bytes = writeSafetensors([{ name, shape: [1], data: Float32Array.of(1) }]);
    expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
  }
});

test('a file that was cut or has more than its tensors is refused', () => {
  const bytes = writeSafetensors([{ name: 'a', shape: [2], data: Float32Array.of(1, 2) }]);
  for (let length = 0; length < bytes.length; length++) expect(() => readSafetensors(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'safetensors.malformed' }));
  expect(() => readSafetensors(Uint8Array.from([...bytes, 0]))).toThrow(expect.objectContaining({ code: 'safetensors.malformed' }));
});

test('garbage is refused, never anything else', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (tail) => {
  const bytes = Uint8Array.from([tail.length, 0, 0, 0, 0, 0, 0, 0, ...tail]);
  try {
    readSafetensors(bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'safetensors.malformed' });
  }
})));

test('a shape that does not fit its values is never written', () => {
  expect(() => writeSafetensors([{ name: 'a', shape: [3], data: Float32Array.of(1) }])).toThrow(expect.objectContaining({ code: 'safetensors.malformed', field: 'a' }));
});
