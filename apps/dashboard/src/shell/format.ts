/** Numbers and times as the console writes them; null is a dash. */
export const percent = (value: number | null | undefined) => (value === null || value === undefined ? '–' : `${(value * 100).toFixed(1)} %`);
export const decimal = (value: number | null | undefined, digits = 4) => (value === null || value === undefined ? '–' : value.toFixed(digits));
export const timeOf = (instant: string | null) => (instant === null ? '–' : new Date(instant).toLocaleTimeString());
export const dateTimeOf = (instant: string | null) => (instant === null ? '–' : new Date(instant).toLocaleString());
export const shortHash = (hash: string | null) => (hash === null ? '–' : `${hash.slice(0, 12)}…`);
export const seconds = (from: string, to: string | null) => (to === null ? '–' : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(2)} s`);

const byteUnits = ['bytes', 'KB', 'MB', 'GB', 'TB'];
/** Decimal units, three figures. */
export function bytesText(bytes: number): string {
  const power = bytes < 1_000 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(bytes) / 3));
  return power === 0 ? `${Math.round(bytes)} bytes` : `${(bytes / 1_000 ** power).toPrecision(3)} ${byteUnits[power]}`;
}
export const countText = (count: number) => count.toLocaleString('en');
export const secondsBetween = (from: string, to: string | null) => (to === null ? null : (Date.parse(to) - Date.parse(from)) / 1_000);
