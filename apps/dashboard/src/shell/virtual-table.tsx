import { Button, Group, Table, Text } from '@mantine/core';
import { memo, useEffect, useRef, useState, type ReactNode } from 'react';
import { type Pages } from '../api/use-pages';
import { ColumnHeads, type Column } from './wide-table';

/** Rows that are kept above and below those in sight. */
const overscan = 12;
/** How near to the last row that was read the next page is asked for. */
const readAhead = 60;

export interface VirtualTableProps<Item> {
  label: string;
  columns: Column[];
  pages: Pages<Item>;
  /** pixels, all rows alike: cells are one line high */
  rowHeight?: number;
  /** of the window over the rows */
  height?: number;
  minWidth?: number;
  keyOf: (item: Item) => string;
  /** the cells of a row */
  children: (item: Item) => ReactNode;
}

/** A table of any length: only rows near the window are in the page, and pages of the list are read as somebody comes near their end. Scrolls by touch and by keyboard. */
export function VirtualTable<Item>({ label, columns, pages, rowHeight = 40, height = 560, minWidth = 640, keyOf, children }: VirtualTableProps<Item>) {
  const { items, more, restart, hasMore, isReading } = pages;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + overscan);
  useEffect(() => {
    if (hasMore && last + readAhead >= items.length) more();
  }, [hasMore, last, items.length, more]);
  return (
    <>
      <div ref={box} className="virtual-table" style={{ maxHeight: height }} tabIndex={0} role="region" aria-label={label} onScroll={(event) => setTop(Math.floor(event.currentTarget.scrollTop / rowHeight) * rowHeight)}>
        <Table miw={minWidth} aria-rowcount={hasMore ? -1 : items.length + 1} stickyHeader>
          <Table.Thead><ColumnHeads columns={columns} /></Table.Thead>
          <Table.Tbody>
            <Spacer height={first * rowHeight} columns={columns.length} />
            {items.slice(first, last).map((item, index) => (
              <Row key={keyOf(item)} of={item} by={children} place={first + index} height={rowHeight} cells={() => children(item)} />
            ))}
            <Spacer height={(items.length - last) * rowHeight} columns={columns.length} />
          </Table.Tbody>
        </Table>
      </div>
      <Group gap="sm">
        <Text size="sm" c="dimmed" role="status">{items.length}{hasMore ? ' rows read; more are read as you scroll' : ' rows, all of them'}{isReading ? ' …' : ''}</Text>
        {restart === null ? null : <Button size="compact-xs" variant="default" onClick={() => { box.current?.scrollTo({ top: 0 }); restart(); }}>Read again from the top</Button>}
      </Group>
    </>
  );
}

interface RowProps {
  /** what `cells` would draw, and of which item: the same ones need not be drawn again */
  of: unknown;
  by: unknown;
  place: number;
  height: number;
  cells: () => ReactNode;
}

/** While somebody scrolls, only rows that come into sight are drawn. */
const Row = memo(function Row({ place, height, cells }: RowProps) {
  return <Table.Tr aria-rowindex={place + 2} style={{ height }} className={place % 2 === 0 ? 'striped' : undefined}>{cells()}</Table.Tr>;
}, (one, other) => one.of === other.of && one.by === other.by && one.place === other.place && one.height === other.height);

/** Stands for the rows that are not in the page. */
function Spacer({ height, columns }: { height: number; columns: number }) {
  return height <= 0 ? null : <tr aria-hidden="true" style={{ height }}><td colSpan={columns} /></tr>;
}
