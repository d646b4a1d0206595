/**
 * The standard normal quantile of the middle of the word's 2^-32 of probability: u = (word + 1/2) / 2^32, z = Φ^-1(u).
 *
 * Inversion, because then one word is one value (value i of a site is word i, no rejection shifts the rest), words w and 2^32 - 1 - w give
 * exactly opposite values, and the quality is that of the stream. Source: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37
 * (1988), relative accuracy about 1e-16. Its far tail (r > 5) is left out: 32 bits end at r = 4.79, |z| = 6.34; the normal
 * distribution has 2^-32 of its mass beyond that.
 *
 * Only + - * / and sqrt of IEEE-754 doubles in the written order, with the tail's logarithm a series of its own: Math.log may differ
 * in its last bit between engines, and every device must replay the same bits.
 * @param word integer 0 to 2^32 - 1
 */
export function normalQuantile(word: number): number {
  const u = (word + 0.5) / 4294967296;
  const q = u - 0.5;
  if (q >= -0.425 && q <= 0.425) return central(q);
  const tail = q < 0 ? u : 1 - u;
  const z = outer(Math.sqrt(negativeLog(tail)) - 1.6);
  return q < 0 ? -z : z;
}

/** AS 241 for |q| <= 0.425, q = u - 1/2: an odd rational function. */
function central(q: number): number {
  const r = 0.180625 - q * q;
  return (((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r
    + 13731.69376550946) * r + 1971.5909503065513) * r + 133.14166789178438) * r + 3.3871328727963665) * q
    / (((((((5226.495278852854 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586597) * r
    + 5394.196021424751) * r + 687.1870074920579) * r + 42.31333070160091) * r + 1);
}

/** AS 241 for sqrt(-ln tail) <= 5, its argument r = sqrt(-ln tail) - 1.6. */
function outer(r: number): number {
  return (((((((0.0007745450142783414 * r + 0.022723844989269184) * r + 0.2417807251774506) * r + 1.2704582524523684) * r
    + 3.6478483247632045) * r + 5.769497221460691) * r + 4.630337846156546) * r + 1.4234371107496835)
    / (((((((1.0507500716444169e-09 * r + 0.0005475938084995345) * r + 0.015198666563616457) * r + 0.14810397642748008) * r
    + 0.6897673349851) * r + 1.6763848301838038) * r + 2.053191626637759) * r + 1);
}

const ln2 = 0.6931471805599453;

/**
 * -ln x for 0 < x < 1: x = m 2^-e with m in [0.7, 1.4), and ln m = 2 (s + s^3/3 + s^5/5 + ...), s = (m - 1)/(m + 1).
 * |s| < 0.18, so that the terms left out are below 1e-18 relative. Doubling is exact.
 */
function negativeLog(x: number): number {
  let m = x;
  let e = 0;
  while (m < 0.7) {
    m *= 2;
    e++;
  }
  const s = (m - 1) / (m + 1);
  const t = s * s;
  let series = 0;
  for (let k = 23; k >= 1; k -= 2) series = series * t + 1 / k;
  return e * ln2 - 2 * s * series;
}
