import { Badge } from '@mantine/core';
import { useRoute } from '../api/use-route';
import { timeOf } from './format';

/** Whether what the page shows is current: the coordinator answered within the last polls, or since when it has not. */
export function Freshness() {
  const { isError, dataUpdatedAt } = useRoute('version');
  return isError
    ? <Badge color="red" variant="outline" role="status">{dataUpdatedAt === 0 ? 'no answer' : `stale since ${timeOf(new Date(dataUpdatedAt).toISOString())}`}</Badge>
    : <Badge color="teal" variant="outline" role="status">live</Badge>;
}
