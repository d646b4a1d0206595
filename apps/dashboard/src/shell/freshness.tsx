import { Badge } from '@mantine/core';
import { useRoute } from '../api/use-route';
import { useLiveChanges, useLiveState } from '../live/use-live-changes';
import { timeOf } from './format';

/** Whether what the page shows is current: the coordinator tells of changes, or at least answers when asked; or since when it does neither. */
export function Freshness() {
  useLiveChanges();
  const live = useLiveState();
  const { isError, dataUpdatedAt } = useRoute('version');
  if (live.isUp) return <Badge color="teal" variant="outline" role="status" title="The coordinator tells of changes as they happen.">live</Badge>;
  if (!isError) return <Badge color="teal" variant="outline" role="status" title="The coordinator cannot tell of changes: it is asked every 2 seconds.">live by polling</Badge>;
  const knownAt = Math.max(dataUpdatedAt, live.sinceMs ?? 0);
  return <Badge color="red" variant="outline" role="status" title="The coordinator does not answer: what the page shows may be old.">{knownAt === 0 ? 'no answer' : `stale since ${timeOf(new Date(knownAt).toISOString())}`}</Badge>;
}
