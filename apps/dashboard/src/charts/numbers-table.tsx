import { Table } from '@mantine/core';
import { useState } from 'react';
import { WideTable, type Column } from '../shell/wide-table';

/** Rows of the table beside a plot. */
export const numbersMax = 20;

export interface NumbersTableProps {
  /** of the plot */
  title: string;
  columns: Column[];
  /** in the order of the plot; the newest come first in the table */
  rows: string[][];
}

/** The numbers of a plot as a table, opened on demand: the newest ones. */
export function NumbersTable({ title, columns, rows }: NumbersTableProps) {
  const [open, setOpen] = useState(false);
  const shown = rows.slice(-numbersMax).toReversed();
  return (
    <details className="numbers" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Numbers of {title}</summary>
      {open ? (
        <WideTable label={`Numbers of ${title}`} columns={columns} minWidth={120 * columns.length} caption={`The newest ${shown.length} of ${rows.length} points.`}>
          {shown.map((row, index) => <Table.Tr key={row[0] ?? index}>{row.map((value, column) => <Table.Td key={columns[column]?.label ?? column} className="number">{value}</Table.Td>)}</Table.Tr>)}
        </WideTable>
      ) : null}
    </details>
  );
}
