import { Button, Group } from '@mantine/core';

export interface PagerProps {
  /** of the page that is shown; undefined on the first */
  cursor: string | undefined;
  /** of the page after; null on the last */
  next: string | null;
  /** what the first page holds, what the following ones do */
  words: { first: string; next: string };
  onGo: (cursor: string | undefined) => void;
}

/** Back to the first page of a list and on to the following one; nothing where one page is all. */
export function Pager({ cursor, next, words, onGo }: PagerProps) {
  if (cursor === undefined && next === null) return null;
  return (
    <Group>
      <Button variant="default" disabled={cursor === undefined} onClick={() => onGo(undefined)}>{words.first}</Button>
      <Button variant="default" disabled={next === null} onClick={() => next !== null && onGo(next)}>{words.next}</Button>
    </Group>
  );
}
