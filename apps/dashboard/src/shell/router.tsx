import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { DevicesPage } from '../features/devices/devices-page';
import { OverviewPage } from '../features/overview/overview-page';
import { RunPage } from '../features/runs/run-page';
import { RunsPage } from '../features/runs/runs-page';
import { Shell } from './shell';

const root = createRootRoute({ component: Shell });
const overview = createRoute({ getParentRoute: () => root, path: '/', component: OverviewPage });
const devices = createRoute({ getParentRoute: () => root, path: '/devices', component: DevicesPage });
const runs = createRoute({ getParentRoute: () => root, path: '/runs', component: RunsPage });
const run = createRoute({ getParentRoute: () => root, path: '/runs/$id', component: RunPage });

export const router = createRouter({ routeTree: root.addChildren([overview, devices, runs, run]) });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
