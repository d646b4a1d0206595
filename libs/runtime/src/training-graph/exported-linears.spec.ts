import { float32Tensor, inspectSites, rawTensor, type GraphBuilder } from '@seedfleet/onnx';
import { d, expectApart, floatWeight, int8Weight, linearBefore, lossesOfForm, modelAround, step, values, whole, type Form } from './exported-forms.fixture.js';

/** The second linear in float32: what every stored form stands for. */
const plain: Form = (g, x) => g.node('MatMul', [linearBefore(g, x), g.weight('second.weight', floatWeight(), [d, d])], 'y');

/** The site `second` behind a perturbed linear and, in another graph, before any: both with rows that do not disturb each other, near the float model. */
async function expectSite(second: Form, { precision, digits, name = 'second' }: { precision: string; digits: number; name?: string }): Promise<void> {
  const model = modelAround((g, x) => second(g, linearBefore(g, x)));
  expect(inspectSites(model).sites).toMatchObject([{ name: 'first' }, { name, inputs: d, outputs: d, precision }]);
  const behind = await lossesOfForm(model);
  expectApart(behind);
  const float = await lossesOfForm(modelAround(plain));
  behind.together.forEach((loss, i) => expect(loss).toBeCloseTo(float.together[i] ?? NaN, digits));
  const alone = await lossesOfForm(model, { sites: [name] });
  expectApart(alone);
  const floatAlone = await lossesOfForm(modelAround(plain), { sites: ['second'] });
  alone.together.forEach((loss, i) => expect(loss).toBeCloseTo(floatAlone.together[i] ?? NaN, digits));
  const biasAt = (site: string) => ({ biases: [{ site, input: 'beta' }] });
  for (const adapters of [{ left: [], right: [] }, { left: ['first'], right: ['first'] }, { left: [name], right: ['second'] }]) {
    const biased = await lossesOfForm(model, { sites: adapters.left, plan: biasAt(name) });
    expectApart(biased);
    const floatBiased = await lossesOfForm(modelAround(plain), { sites: adapters.right, plan: biasAt('second') });
    biased.together.forEach((loss, i) => expect(loss).toBeCloseTo(floatBiased.together[i] ?? NaN, digits));
  }
}

const scale = (g: GraphBuilder) => g.weight('second.weight_scale', Float32Array.of(step), []);
const zero = (g: GraphBuilder) => g.initializer(rawTensor({ name: 'second.weight_zero_point', type: 'int8', shape: [], rawData: Uint8Array.of(0) }));

/** DynamicQuantizeLinear and MatMulInteger; the scales multiplied with each other first, as ONNX Runtime's quantiser writes it. */
const dynamic: Form = (g, x) => {
  const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [x], ['q', 's', 'z']);
  const sums = g.node('MatMulInteger', [q, int8Weight(g, 'second.weight_quantized'), z, zero(g)], 'sums');
  return g.node('Mul', [g.node('Cast', [sums], 'sumsf', { to: 1 }), g.node('Mul', [s, scale(g)], 'scales')], 'y');
};

describe('linears with dynamic quantisation are sites, and their rows and examples do not disturb each other', () => {
  test('DynamicQuantizeLinear, MatMulInteger, Cast, Mul', () => expectSite(dynamic, { precision: 'int8', digits: 2 }));
  test('the same with a bias behind it and a scale for each output', () => expectSite((g, x) => {
    const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [x], ['q', 's', 'z']);
    const sums = g.node('Cast', [g.node('MatMulInteger', [q, int8Weight(g, 'second.weight_quantized'), z], 'sums')], 'sumsf', { to: 1 });
    const scales = g.weight('second.weight_scale', new Float32Array(d).fill(step), [d]);
    return g.node('Add', [g.node('Mul', [g.node('Mul', [sums, s], 'byToken'), scales], 'product'), g.weight('second.bias', new Float32Array(d), [d])], 'y');
  }, { precision: 'int8', digits: 2 }));
  test('uint8 weights around 128', () => expectSite((g, x) => {
    const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [x], ['q', 's', 'z']);
    g.initializer(rawTensor({ name: 'second.weight_quantized', type: 'uint8', shape: [d, d], rawData: Uint8Array.from(whole(), (v) => v + 128) }));
    g.initializer(rawTensor({ name: 'second.weight_zero_point', type: 'uint8', shape: [], rawData: Uint8Array.of(128) }));
    const sums = g.node('Cast', [g.node('MatMulInteger', [q, 'second.weight_quantized', z, 'second.weight_zero_point'], 'sums')], 'sumsf', { to: 1 });
    return g.node('Mul', [sums, g.node('Mul', [s, scale(g)], 'scales')], 'y');
  }, { precision: 'uint8', digits: 2 }));
  test('DynamicQuantizeMatMul with a bias', () => expectSite((g, x) => g.node('DynamicQuantizeMatMul',
    [x, int8Weight(g, 'second.weight_quantized'), scale(g), zero(g), g.weight('second.bias', new Float32Array(d), [d])], 'y', {}, 'com.microsoft'), { precision: 'int8', digits: 2 }));
  test('MatMulIntegerToFloat', () => expectSite((g, x) => {
    const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [x], ['q', 's', 'z']);
    return g.node('MatMulIntegerToFloat', [q, int8Weight(g, 'second.weight_quantized'), s, scale(g), z, zero(g)], 'y', {}, 'com.microsoft');
  }, { precision: 'int8', digits: 2 }));
  test('one quantised value that two linears read is quantised once', async () => {
    const model = modelAround((g, x) => {
      const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [linearBefore(g, x)], ['q', 's', 'z']);
      const scaled = ['left', 'right'].map((name) => g.node('Mul', [g.node('Cast', [g.node('MatMulInteger', [q, int8Weight(g, `${name}.weight_quantized`), z], `${name}.sums`)], `${name}.f`, { to: 1 }),
        g.node('Mul', [s, g.weight(`${name}.weight_scale`, Float32Array.of(step), [])], `${name}.scales`)], `${name}.y`));
      return g.node('Add', scaled, 'y');
    });
    expect(inspectSites(model).sites.map(({ name }) => name)).toEqual(['first', 'left', 'right']);
    expectApart(await lossesOfForm(model, { sites: ['first', 'right'] }));
  });
});

describe('weights in every place and type', () => {
  test('QDQ: activations and weights behind QuantizeLinear and DequantizeLinear', () => expectSite((g, x) => {
    const s = g.weight('x.scale', Float32Array.of(1 / 127), []);
    const z = g.initializer(rawTensor({ name: 'x.zero', type: 'int8', shape: [], rawData: Uint8Array.of(0) }));
    const rounded = g.node('DequantizeLinear', [g.node('QuantizeLinear', [x, s, z], 'x.q'), s, z], 'x.dq');
    return g.node('MatMul', [rounded, g.node('DequantizeLinear', [int8Weight(g, 'second.weight_quantized'), scale(g), zero(g)], 'second.float')], 'y');
  }, { precision: 'int8', digits: 2 }));
  test('float16 and bfloat16 in the file, cast to float32', async () => {
    // 1/16 steps up to 7/16 are exact in both.
    const bits = { float16: (v: number) => halfBits(v), bfloat16: (v: number) => new Uint32Array(Float32Array.of(v).buffer)[0]! >>> 16 };
    for (const type of ['float16', 'bfloat16'] as const) {
      await expectSite((g, x) => {
        g.initializer(rawTensor({ name: 'second.weight', type, shape: [d, d], rawData: new Uint8Array(Uint16Array.from(floatWeight(), bits[type]).buffer) }));
        return g.node('MatMul', [x, g.node('Cast', ['second.weight'], 'second.float', { to: 1 })], 'y');
      }, { precision: type, digits: 5 });
    }
  });
  test('a weight in a Constant node', () => expectSite((g, x) => {
    g.node('Constant', [], 'second.weight', { value: float32Tensor({ name: '', values: floatWeight(), shape: [d, d] }) });
    return g.node('MatMul', [x, 'second.weight'], 'y');
  }, { precision: 'float', digits: 5 }));
  test('a tied weight: the transposed table of the embeddings', async () => {
    const model = modelAround((g, x) => g.node('MatMul', [g.node('MatMul', [linearBefore(g, x), g.node('Transpose', ['table'], 'table.t', { perm: [1, 0] })], '/head'), g.weight('back.weight', values(7, 9 * d), [9, d])], 'y'));
    expect(inspectSites(model).sites).toMatchObject([{ name: 'first' }, { name: 'head', inputs: d, outputs: 9 }, { name: 'back' }]);
    expectApart(await lossesOfForm(model));
  });
  test.each([[4, 16, false], [4, 16, true], [4, 32, true], [8, 16, true], [8, 32, false]])('MatMulNBits with %i bits in blocks of %i, zero points: %s', async (bits, block, zeroPoints) => {
    // Blocks are padded to their size; a zero point of its own for each output shifts the stored numbers.
    const middle = (output: number) => (zeroPoints ? (bits === 4 ? 7 + (output % 2) : 100 + output) : 2 ** (bits - 1));
    const at = (output: number, input: number) => (input < d ? (whole()[input * d + output] ?? 0) + middle(output) : middle(output));
    const packed = bits === 8 ? Uint8Array.from({ length: d * block }, (_, i) => at(Math.floor(i / block), i % block))
      : Uint8Array.from({ length: (d * block) / 2 }, (_, i) => { const [o, pair] = [Math.floor(i / (block / 2)), i % (block / 2)]; return at(o, 2 * pair) | (at(o, 2 * pair + 1) << 4); });
    await expectSite((g, x) => {
      g.initializer(rawTensor({ name: 'second.weight_Q4', type: 'uint8', shape: [d, 1, (block * bits) / 8], rawData: packed }));
      const scales = g.weight('second.scales', new Float32Array(d).fill(step), [d]);
      const points = zeroPoints ? [g.initializer(rawTensor({ name: 'second.zero_points', type: 'uint8', shape: [d], rawData: Uint8Array.from({ length: d }, (_, o) => middle(o)) }))] : [];
      return g.node('MatMulNBits', [x, 'second.weight_Q4', scales, ...points], 'y', { K: d, N: d, bits, block_size: block }, 'com.microsoft');
    }, { precision: `int${bits}`, digits: 4 });
  });
});

describe('a fused projection is adapted by slice', () => {
  /** Query, key and value in one product, cut by Split, joined by sums. */
  const fused: Form = (g, x) => {
    const y = g.node('Add', [g.node('MatMul', [linearBefore(g, x), g.weight('qkv.weight', floatWeight(3 * d), [d, 3 * d])], 'qkv.mm'), g.weight('qkv.bias', values(8, 3 * d), [3 * d])], 'qkv.y');
    const [q = '', k = '', v = ''] = g.nodes('Split', [y, g.integers('sizes', [d, d, d])], ['q', 'k', 'v'], { axis: -1 });
    return g.node('Sub', [g.node('Mul', [q, k], 'qk'), v], 'y');
  };
  const model = modelAround(fused);
  test('the inspection lists the parts that the model cuts', () => {
    expect(inspectSites(model).sites[1]).toMatchObject({ name: 'qkv', outputs: 48, slices: [{ name: 'qkv[0:16]', outputs: 16 }, { name: 'qkv[16:32]', outputs: 16 }, { name: 'qkv[32:48]', outputs: 16 }] });
  });
  test('two slices of one linear, before the frontier and behind it', async () => {
    for (const sites of [['qkv[0:16]', 'qkv[32:48]'], ['first', 'qkv[0:16]', 'qkv[32:48]']]) {
      expectApart(await lossesOfForm(model, { sites }));
    }
  });
  test('a slice has the losses of the linear that stands alone', async () => {
    const w = floatWeight(3 * d);
    const apart = modelAround((g, x) => {
      const from = linearBefore(g, x);
      const [q = '', k = '', v = ''] = ['q', 'k', 'v'].map((name, part) => g.node('Add', [
        g.node('MatMul', [from, g.weight(`${name}.weight`, Float32Array.from({ length: d * d }, (_, i) => w[Math.floor(i / d) * 3 * d + part * d + (i % d)] ?? NaN), [d, d])], `${name}.mm`),
        g.weight(`${name}.bias`, values(8, 3 * d).slice(part * d, (part + 1) * d), [d])], `${name}.y`));
      return g.node('Sub', [g.node('Mul', [q, k], 'qk'), v], 'y');
    });
    const slices = await lossesOfForm(model, { sites: ['qkv[0:16]', 'qkv[32:48]'] });
    const alone = await lossesOfForm(apart, { sites: ['q', 'v'] });
    slices.together.forEach((loss, i) => expect(loss).toBeCloseTo(alone.together[i] ?? NaN, 5));
  });
  test('columns that the linear does not have are refused', async () => {
    await expect(lossesOfForm(model, { sites: ['qkv[40:49]'] })).rejects.toMatchObject({ code: 'model.site-unknown', problem: '"qkv[40:49]" is no slice of the 48 outputs of "qkv".' });
  });
});

/** IEEE half precision of a number that it holds exactly. */
function halfBits(v: number): number {
  const bits = new Uint32Array(Float32Array.of(v).buffer)[0]!;
  return v === 0 ? 0 : ((bits >>> 16) & 0x8000) | ((((bits >>> 23) & 0xff) - 112) << 10) | ((bits >>> 13) & 0x3ff);
}
