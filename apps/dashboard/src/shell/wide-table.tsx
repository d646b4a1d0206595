import { ScrollArea, Table } from '@mantine/core';
import { type ReactNode } from 'react';

export interface Column {
  label: string;
  /** right-aligned, figures of one width */
  number?: boolean;
  /** how the number comes about, shown where the pointer rests */
  hint?: string;
}

/** A table that scrolls inside itself on a narrow screen, by touch as by keyboard. Its rows are the children. */
export function WideTable({ label, columns, minWidth = 640, caption, children }: { label: string; columns: Column[]; minWidth?: number; caption?: string; children: ReactNode }) {
  return (
    <ScrollArea viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': label }}>
      <Table striped miw={minWidth}>
        {caption === undefined ? null : <Table.Caption>{caption}</Table.Caption>}
        <Table.Thead><ColumnHeads columns={columns} /></Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

/** The heads of columns; what a number means is said where the pointer or the focus rests. */
export function ColumnHeads({ columns }: { columns: readonly Column[] }) {
  return (
    <Table.Tr>
      {columns.map((column) => <Table.Th key={column.label} className={column.number ? 'number' : undefined} title={column.hint}>{column.label}</Table.Th>)}
    </Table.Tr>
  );
}
