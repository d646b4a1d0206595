import { problemSchema, routes } from '@seedfleet/protocol';
import { ApiError } from './fetch-route';

type Downloads = 'downloadArtifact' | 'downloadLog';

export interface Download {
  token: string;
  id: string | number;
  /** what the browser saves it as */
  name: string;
}

/** Saves what a route answers with as a file of the browser. @throws ApiError what the coordinator refused */
export async function download(route: Downloads, { token, id, name }: Download): Promise<void> {
  const response = await fetch(routes[route].path.replace(':id', encodeURIComponent(id)), { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) {
    const problem = problemSchema.safeParse(await response.json().catch(() => null));
    throw problem.success
      ? new ApiError(problem.data.code, `${problem.data.detail} ${problem.data.fix}`, response.status)
      : new ApiError('internal.failure', `The coordinator answered ${response.status}.`, response.status);
  }
  const address = URL.createObjectURL(await response.blob());
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(address);
}
