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
  return (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r + 45921.953931549871457) * r
    + 13731.693765509461125) * r + 1971.5909503065514427) * r + 133.14166789178437745) * r + 3.387132872796366608) * q
    / (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r + 21213.794301586595867) * r
    + 5394.1960214247511077) * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1);
}

/** AS 241 for sqrt(-ln tail) <= 5, its argument r = sqrt(-ln tail) - 1.6. */
function outer(r: number): number {
  return (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r + 1.27045825245236838258) * r
    + 3.64784832476320460504) * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734)
    / (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r + 0.14810397642748007459) * r
    + 0.68976733498510000455) * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1);
}

const ln2 = 0.6931471805599453094;

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
