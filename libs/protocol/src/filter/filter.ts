import { FleetError } from '@seedfleet/errors';

/** What a field holds, and so which comparisons make sense: text `= != ~ !~`, choices and sets of words `= !=`, numbers and ages all but `~`. */
export type FieldKind = 'text' | 'words' | 'choice' | 'number' | 'age';
export type FilterFields = Readonly<Record<string, FieldKind>>;

export type Comparison = '=' | '!=' | '~' | '!~' | '<' | '<=' | '>' | '>=';

/** One comparison; of several values one is enough (`state=active,suspended`), or, negated, none may hold. */
export interface FilterTerm<Field extends string = string> {
  field: Field;
  comparison: Comparison;
  /** As they were written; for numbers and ages `numbers` beside it. */
  values: readonly string[];
  /** Of a number field the numbers, of an age its milliseconds; otherwise empty. */
  numbers: readonly number[];
}

/** All terms must hold; no term holds for everything. */
export type Filter<Field extends string = string> = readonly FilterTerm<Field>[];

const comparisonsOf: Record<FieldKind, readonly Comparison[]> = {
  text: ['=', '!=', '~', '!~'], words: ['=', '!='], choice: ['=', '!='], number: ['=', '!=', '<', '<=', '>', '>='], age: ['<', '<=', '>', '>='],
};

const termPattern = /\s*([A-Za-z][A-Za-z0-9.]*)(!=|!~|<=|>=|=|~|<|>)((?:"(?:[^"\\]|\\.)*"|[^\s,"])+(?:,(?:"(?:[^"\\]|\\.)*"|[^\s,"])+)*)(?=\s|$)/uy;
const valuePattern = /(?:"(?:[^"\\]|\\.)*"|[^\s,"])+/gu;
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a filter such as `state=active tag=lab,office name~"spare part" seen<24h`: terms with spaces between them, all of which must hold.
 * `=` equal, `~` contains (whatever the case), `!=` and `!~` not, `<` and the like for numbers and ages. A value with spaces, commas or quotes stands in "double quotes".
 * @throws FleetError `filter.invalid`, the problem naming the place
 */
export function parseFilter<const F extends FilterFields>(text: string, fields: F): Filter<keyof F & string> {
  const terms: FilterTerm<keyof F & string>[] = [];
  let place = 0;
  while (text.slice(place).trim() !== '') {
    termPattern.lastIndex = place;
    const match = termPattern.exec(text);
    if (!match) throw invalid(`At character ${place + 1 + (text.slice(place).length - text.slice(place).trimStart().length)} no term can be read; a term is a field, a comparison and a value without spaces between them.`);
    const [whole, field = '', comparison = '=', written = ''] = match;
    terms.push(termOf({ field, comparison: comparison as Comparison, written }, fields));
    place += whole.length;
  }
  return terms;
}

function termOf<F extends FilterFields>({ field, comparison, written }: { field: string; comparison: Comparison; written: string }, fields: F): FilterTerm<keyof F & string> {
  const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (kind === undefined) throw invalid(`There is no field "${field}"; fields are ${Object.keys(fields).join(', ')}.`);
  const allowed = comparisonsOf[kind];
  if (!allowed.includes(comparison)) throw invalid(`"${field}" cannot be compared by ${comparison}; it can by ${allowed.join(' ')}.`);
  const values = (written.match(valuePattern) ?? []).map((value) => value.replace(/"((?:[^"\\]|\\.)*)"/gu, (_, inner: string) => inner.replace(/\\(.)/gu, '$1')));
  const ordered = !['=', '!=', '~', '!~'].includes(comparison);
  if (ordered && values.length > 1) throw invalid(`"${field}" is compared by ${comparison} with one value, not with ${values.length}.`);
  const numbers = kind === 'number' ? values.map((value) => numberOf(field, value)) : kind === 'age' ? values.map((value) => ageOf(field, value)) : [];
  return { field, comparison, values, numbers };
}

function numberOf(field: string, value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw invalid(`"${field}" is compared with a number.`);
  return number;
}

function ageOf(field: string, value: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/u.exec(value) ?? [];
  if (count === undefined || unit === undefined) throw invalid(`"${field}" is compared with an age: a number and s, m, h or d, as in 24h.`);
  return Number(count) * (unitMs[unit] ?? 0);
}

function invalid(problem: string): FleetError {
  return new FleetError('filter.invalid', { field: 'filter', problem });
}

/** What a thing holds: text or a choice as text, words as a list, a number, the age in milliseconds; null where it has none. */
export type FilterSubject<Field extends string> = Readonly<Record<Field, string | readonly string[] | number | null>>;

/** Whether all terms hold. A thing without a value is neither equal to, like, above nor below anything; so `!=` and `!~` hold for it. */
export function filterMatches<Field extends string>(filter: Filter<Field>, subject: FilterSubject<Field>): boolean {
  return filter.every((term) => termMatches(term, subject[term.field]));
}

function termMatches({ comparison, values, numbers }: FilterTerm, held: string | readonly string[] | number | null): boolean {
  const [bound = Number.NaN] = numbers;
  const equal = (text: string, value: string) => text === value;
  const like = (text: string, value: string) => text.toLowerCase().includes(value.toLowerCase());
  const any = (compare: (text: string, value: string) => boolean) => [held ?? []].flat().some((text) => values.some((value) => compare(String(text), value)));
  const isOneOf = () => (typeof held === 'number' ? numbers.includes(held) : any(equal));
  switch (comparison) {
    case '=': return isOneOf();
    case '!=': return !isOneOf();
    case '~': return any(like);
    case '!~': return !any(like);
    case '<': return typeof held === 'number' && held < bound;
    case '<=': return typeof held === 'number' && held <= bound;
    case '>': return typeof held === 'number' && held > bound;
    case '>=': return typeof held === 'number' && held >= bound;
  }
}
