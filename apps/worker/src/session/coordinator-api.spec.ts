import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, connect } from 'node:net';
import { z } from 'zod';
import { coordinatorApi } from './coordinator-api.js';

test('a connection that is accepted and closed at once is no answer, and the next request is made anew', async () => {
  const coordinator = createServer((_, response) => response.end('{"status":"ok"}')).listen(0, '127.0.0.1');
  await once(coordinator, 'listening');
  let isAway = true;
  // As a proxy does whose coordinator is away.
  const proxy = createTcpServer((near) => {
    if (isAway) return near.destroy();
    const far = connect((coordinator.address() as AddressInfo).port, '127.0.0.1');
    return near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const api = coordinatorApi(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, undefined, { answerTimeoutMs: 500 });
  const schema = z.object({ status: z.string() });
  await expect(api.json('//livez', schema)).rejects.toMatchObject({ code: 'coordinator.unreachable', retryable: true });
  // A download, whose length nobody knows, does not wait for its head for ever either.
  await expect(api.open('//livez', { timeoutMs: null })).rejects.toMatchObject({ code: 'coordinator.unreachable' });
  isAway = false;
  expect(await api.json('//livez', schema)).toEqual({ status: 'ok' });
  proxy.close();
  coordinator.closeAllConnections();
  coordinator.close();
});
