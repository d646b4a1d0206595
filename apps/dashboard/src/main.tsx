/**
 * The console in the browser: pages over the public REST API and nothing else.
 * Not here: anything that the API does not offer to every client, any number computed where the coordinator should.
 */
import '@mantine/core/styles.css';
import 'uplot/dist/uPlot.min.css';
import './shell/shell.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { pollMs } from './live/live-connection';
import { SessionProvider } from './session/session';
import { router } from './shell/router';
import { theme } from './shell/theme';

const queries = new QueryClient({ defaultOptions: { queries: { refetchInterval: pollMs, retry: 1 } } });
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root.');

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <SessionProvider>
          <RouterProvider router={router} />
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
