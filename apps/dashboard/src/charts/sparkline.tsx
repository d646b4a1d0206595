/** In units of the picture; it is stretched to its place. */
const size = { width: 100, height: 28 };

/** A curve without axes beside a name: only whether it falls. Its numbers are on the page that the name leads to. */
export function Sparkline({ label, values }: { label: string; values: readonly (number | null)[] }) {
  const present = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  if (present.length < 2) return <svg viewBox={`0 0 ${size.width} ${size.height}`} className="sparkline" role="img" aria-label={`${label}: too few points for a curve`} />;
  const least = Math.min(...present.map(({ value }) => value));
  const span = Math.max(...present.map(({ value }) => value)) - least || 1;
  const points = present.map(({ value, index }) => `${((size.width * index) / (values.length - 1)).toFixed(2)},${(size.height - 1 - ((size.height - 2) * (value - least)) / span).toFixed(2)}`);
  return <svg viewBox={`0 0 ${size.width} ${size.height}`} preserveAspectRatio="none" className="sparkline" role="img" aria-label={label}><polyline points={points.join(' ')} /></svg>;
}
