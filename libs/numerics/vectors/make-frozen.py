"""Writes frozen.json: a second implementation of docs/numerics.md, in Python with its standard library only.

Run it in this folder: python3 make-frozen.py. It reads replay.json and shares no code with src/.
"""
import hashlib
import json
import math
import struct

MASK = 0xFFFFFFFF


def chacha20(key, nonce, length):
    """RFC 8439 section 2.4: the key stream from block 0."""
    def quarter(s, a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & MASK
            s[z] ^= s[x]
            s[z] = ((s[z] << n) | (s[z] >> (32 - n))) & MASK
    out = b''
    for counter in range((length + 63) // 64):
        start = list(struct.unpack('<4I', b'expand 32-byte k') + struct.unpack('<8I', key) + (counter,) + struct.unpack('<3I', nonce))
        s = start[:]
        for _ in range(10):
            for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(s, a, b, c, d)
        out += struct.pack('<16I', *((x + y) & MASK for x, y in zip(s, start)))
    return out[:length]


CENTRAL = ([2.50908092873012267e+3, 3.34305755835881281e+4, 6.72657709270087009e+4, 4.59219539315498715e+4, 1.37316937655094611e+4,
            1.97159095030655144e+3, 1.33141667891784377e+2, 3.38713287279636661e+0],
           [5.22649527885285456e+3, 2.87290857357219427e+4, 3.93078958000927106e+4, 2.12137943015865959e+4, 5.39419602142475111e+3,
            6.87187007492057908e+2, 4.23133307016009113e+1, 1.0])
OUTER = ([7.74545014278341408e-4, 2.27238449892691846e-2, 2.41780725177450612e-1, 1.27045825245236838e+0, 3.64784832476320461e+0,
          5.76949722146069141e+0, 4.63033784615654530e+0, 1.42343711074968358e+0],
         [1.05075007164441684e-9, 5.47593808499534495e-4, 1.51986665636164572e-2, 1.48103976427480075e-1, 6.89767334985100005e-1,
          1.67638483018380385e+0, 2.05319162663775882e+0, 1.0])


def horner(coefficients, x):
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def normal_quantile(word):
    u = (word + 0.5) / 4294967296.0
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return horner(CENTRAL[0], r) * q / horner(CENTRAL[1], r)
    m, e = (u if q < 0 else 1 - u), 0
    while m < 0.7:
        m, e = m * 2, e + 1
    s = (m - 1) / (m + 1)
    t, series = s * s, 0.0
    for k in range(23, 0, -2):
        series = series * t + 1 / k
    r = math.sqrt(e * 0.6931471805599453 - 2 * s * series) - 1.6
    z = horner(OUTER[0], r) / horner(OUTER[1], r)
    return -z if q < 0 else z


def sha256(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def direction(key, seed, site, size, distribution):
    nonce = struct.pack('<QI', seed, site)
    if distribution == 'rademacher':
        bits = chacha20(key, nonce, (size + 7) // 8)
        return [1.0 if bits[i >> 3] >> (i & 7) & 1 else -1.0 for i in range(size)]
    return [normal_quantile(word) for word in struct.unpack(f'<{size}I', chacha20(key, nonce, 4 * size))]


def doubles(values):
    return struct.pack(f'<{len(values)}d', *values)


def floats(values):
    return struct.pack(f'<{len(values)}f', *values)


def gaussian_replay(v, key, rule):
    sizes = [math.prod(shape) for shape in v['shapes']]
    b, m, w = ([0.0] * sum(sizes) for _ in range(3))
    hashes = []
    for step, r in enumerate(v['rounds'], 1):
        coefficients, rate = r['coefficients'], r['learningRate']
        gradient = []
        for site, size in enumerate(sizes):
            a = [0.0] * size
            for seed, c in zip(r['seeds'], coefficients):
                factor = c * v['siteScales'][site]
                z = direction(key, int(seed, 16), site, size, 'gaussian')
                a = [x + factor * y for x, y in zip(a, z)]
            gradient += [x / len(coefficients) for x in a]
        if rule == 'sgd':
            b = [x - rate * g for x, g in zip(b, gradient)]
        else:
            p1 = p2 = 1.0
            for _ in range(step):
                p1, p2 = p1 * 0.9, p2 * 0.999
            m = [0.9 * x + (1 - 0.9) * g for x, g in zip(m, gradient)]
            w = [0.999 * x + (1 - 0.999) * (g * g) for x, g in zip(w, gradient)]
            b = [x - rate * ((y / (1 - p1)) / (math.sqrt(z / (1 - p2)) + 1e-8)) for x, y, z in zip(b, m, w)]
        hashes.append(sha256(doubles(b), *([] if rule == 'sgd' else [doubles(m), doubles(w)])).hex())
    return hashes


def frozen_a(run_key, site, inputs, rank):
    words = struct.unpack(f'<{inputs * rank}I', chacha20(sha256(b'seedfleet/frozen/v1', run_key), struct.pack('<QI', 0, site), 4 * inputs * rank))
    bound = 1 / math.sqrt(inputs)
    return floats([(2 * ((word + 0.5) / 4294967296) - 1) * bound for word in words])


def main():
    with open('replay.json') as file:
        v = json.load(file)
    run_key = bytes.fromhex(v['runKey'])
    key = sha256(b'seedfleet/perturbation/v1', run_key)
    seed, size = v['rounds'][0]['seeds'][0], 10_000
    z = direction(key, int(seed, 16), 2, size, 'gaussian')
    scales, sizes, eps = v['siteScales'], [math.prod(shape) for shape in v['shapes']], 0.01
    b = [i / 1000 for i in range(sum(sizes))]
    rows = []
    for row_seed in v['rounds'][0]['seeds'][:2]:
        for sign in (1, -1):
            zs = [(x, scales[site]) for site, n in enumerate(sizes) for x in direction(key, int(row_seed, 16), site, n, 'rademacher')]
            rows += [x + sign * (eps * s) * y for x, (y, s) in zip(b, zs)]
    json.dump({
        'origin': 'OURS: frozen by make-frozen.py, a second implementation of docs/numerics.md. Keys, seeds and rounds are those of replay.json.',
        'gaussian': {'seed': seed, 'site': 2, 'size': size, 'first': doubles(z[:8]).hex(), 'sha256': sha256(doubles(z)).hex()},
        'gaussianStateHashes': {rule: gaussian_replay(v, key, rule) for rule in ('sgd', 'adam')},
        'frozenA': {'site': 3, 'inputs': 50, 'rank': 4, 'first': frozen_a(run_key, 3, 50, 4)[:16].hex(), 'sha256': sha256(frozen_a(run_key, 3, 50, 4)).hex()},
        'rows': {'estimator': 'central', 'queries': 2, 'eps': eps, 'master': 'value i of B is i / 1000', 'sha256': sha256(floats(rows)).hex()},
    }, open('frozen.json', 'w'), indent=1)


main()
