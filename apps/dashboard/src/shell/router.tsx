import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { DevicesPage } from '../features/devices/devices-page';
import { EnrolmentPage } from '../features/enrolment/enrolment-page';
import { ModelPage } from '../features/models/model-page';
import { ModelsPage } from '../features/models/models-page';
import { NewRunPage } from '../features/new-run/new-run-page';
import { OverviewPage } from '../features/overview/overview-page';
import { RunPage } from '../features/runs/run-page';
import { RunsPage } from '../features/runs/runs-page';
import { devicesSearch, runSearch, listSearch } from './search';
import { Shell } from './shell';

const root = createRootRoute({ component: Shell });
const page = { getParentRoute: () => root };
const overview = createRoute({ ...page, path: '/', component: OverviewPage });
const devices = createRoute({ ...page, path: '/devices', component: DevicesPage, validateSearch: devicesSearch });
const enrolment = createRoute({ ...page, path: '/enrolment', component: EnrolmentPage });
const models = createRoute({ ...page, path: '/models', component: ModelsPage });
const model = createRoute({ ...page, path: '/models/$id', component: ModelPage });
const runs = createRoute({ ...page, path: '/runs', component: RunsPage, validateSearch: listSearch });
const newRun = createRoute({ ...page, path: '/runs/new', component: NewRunPage });
const run = createRoute({ ...page, path: '/runs/$id', component: RunPage, validateSearch: runSearch });

export const router = createRouter({ routeTree: root.addChildren([overview, devices, enrolment, models, model, runs, newRun, run]) });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
