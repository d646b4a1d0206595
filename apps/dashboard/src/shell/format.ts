/** Numbers and times as the console writes them; null is a dash. */
export const percent = (value: number | null | undefined) => (value === null || value === undefined ? '–' : `${(value * 100).toFixed(1)} %`);
export const decimal = (value: number | null | undefined, digits = 4) => (value === null || value === undefined ? '–' : value.toFixed(digits));
export const timeOf = (instant: string | null) => (instant === null ? '–' : new Date(instant).toLocaleTimeString());
export const dateTimeOf = (instant: string | null) => (instant === null ? '–' : new Date(instant).toLocaleString());
export const shortHash = (hash: string | null) => (hash === null ? '–' : `${hash.slice(0, 12)}…`);
export const seconds = (from: string, to: string | null) => (to === null ? '–' : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(2)} s`);
