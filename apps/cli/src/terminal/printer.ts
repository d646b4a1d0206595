import Table from 'cli-table3';
import { stringify } from 'yaml';

export const outputFormats = ['table', 'json', 'jsonl', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export type Cell = string | number | boolean | null | undefined;

/** Writes what a command was asked for: to people as text, to programs as JSON or YAML. Nothing else goes to stdout. */
export class Printer {
  constructor(readonly format: OutputFormat, private readonly stdout: { write(text: string): unknown }) {}

  /** A value: as JSON or YAML whole; as lines of JSON whole, or an item a line where it is a list; as text by what `text` makes of it. */
  value<T>(value: T, text: (value: T) => string): void {
    const written = {
      table: () => `${text(value)}\n`,
      json: () => `${JSON.stringify(value, null, 2)}\n`,
      jsonl: () => itemsOf(value).map((item) => `${JSON.stringify(item)}\n`).join(''),
      yaml: () => stringify(value),
    };
    this.stdout.write(written[this.format]());
  }

  /** One of a stream of values: as JSON an object a line, as YAML a document each. */
  streamed<T>(value: T, text: (value: T) => string): void {
    const line = () => `${JSON.stringify(value)}\n`;
    const written = { table: () => `${text(value)}\n`, json: line, jsonl: line, yaml: () => `---\n${stringify(value)}` };
    this.stdout.write(written[this.format]());
  }
}

/** A list is an object with `items` in every answer of the API. */
function itemsOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items) ? value.items : [value];
}

const borders = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid']
    .map((place) => [place, '']),
);

function newTable(head: string[]) {
  return new Table({ head, chars: { ...borders, middle: '  ' }, style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 } });
}

/** Text from elsewhere cannot move the cursor or colour the terminal. */
const printable = (cell: Cell) => (cell === null || cell === undefined ? '-' : String(cell).replace(/\p{Cc}/gu, '?'));

/** Lines of a table, one row an item. @param empty what stands there instead when there is no row */
export function tableOf({ head, rows, empty }: { head: string[]; rows: Cell[][]; empty: string }): string {
  if (rows.length === 0) return empty;
  const table = newTable(head);
  table.push(...rows.map((row) => row.map(printable)));
  return table.toString().replace(/[ \t]+$/gm, '');
}

/** One thing, a line a property. */
export function sheetOf(properties: Record<string, Cell>): string {
  const width = Math.max(...Object.keys(properties).map((name) => name.length));
  return Object.entries(properties).map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

/** 1,234,567 bytes as people read them. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** power).toFixed(1)} ${units[power - 1]}`;
}
