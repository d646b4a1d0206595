/** The particulars of an audit entry on one line. */
export const detailText = (detail: Readonly<Record<string, string | number | boolean | null>>) => Object.entries(detail).map(([name, value]) => `${name} ${value ?? 'none'}`).join(', ') || '–';
