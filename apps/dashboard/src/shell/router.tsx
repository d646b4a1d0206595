import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { AlertsPage } from '../features/alerts/alerts-page';
import { AuditPage } from '../features/audit/audit-page';
import { ComparePage } from '../features/compare/compare-page';
import { DevicePage } from '../features/devices/device-page';
import { DevicesPage } from '../features/devices/devices-page';
import { EnrolmentPage } from '../features/enrolment/enrolment-page';
import { GroupsPage } from '../features/groups/groups-page';
import { ModelPage } from '../features/models/model-page';
import { ModelsPage } from '../features/models/models-page';
import { NewRunPage } from '../features/new-run/new-run-page';
import { newRunSearch } from '../features/new-run/new-run-search';
import { OverviewPage } from '../features/overview/overview-page';
import { RoundPage } from '../features/rounds/round-page';
import { RunPage } from '../features/runs/run-page';
import { RunsPage } from '../features/runs/runs-page';
import { runsSearch } from '../features/runs/runs-search';
import { SettingsPage } from '../features/settings/settings-page';
import { SystemPage } from '../features/system/system-page';
import { auditSearch, compareSearch, devicesSearch, runSearch, listSearch } from './search';
import { Shell } from './shell';

const root = createRootRoute({ component: Shell });
const page = { getParentRoute: () => root };
const overview = createRoute({ ...page, path: '/', component: OverviewPage });
const devices = createRoute({ ...page, path: '/devices', component: DevicesPage, validateSearch: devicesSearch });
const device = createRoute({ ...page, path: '/devices/$id', component: DevicePage });
const groups = createRoute({ ...page, path: '/groups', component: GroupsPage });
const enrolment = createRoute({ ...page, path: '/enrolment', component: EnrolmentPage });
const models = createRoute({ ...page, path: '/models', component: ModelsPage });
const model = createRoute({ ...page, path: '/models/$id', component: ModelPage });
const runs = createRoute({ ...page, path: '/runs', component: RunsPage, validateSearch: runsSearch });
const newRun = createRoute({ ...page, path: '/runs/new', component: NewRunPage, validateSearch: newRunSearch });
const run = createRoute({ ...page, path: '/runs/$id', component: RunPage, validateSearch: runSearch });
const round = createRoute({ ...page, path: '/runs/$id/rounds/$round', component: RoundPage });
const compare = createRoute({ ...page, path: '/compare', component: ComparePage, validateSearch: compareSearch });
const alerts = createRoute({ ...page, path: '/alerts', component: AlertsPage, validateSearch: listSearch });
const audit = createRoute({ ...page, path: '/audit', component: AuditPage, validateSearch: auditSearch });
const system = createRoute({ ...page, path: '/system', component: SystemPage });
const settings = createRoute({ ...page, path: '/settings', component: SettingsPage });

export const router = createRouter({ routeTree: root.addChildren([overview, devices, device, groups, enrolment, models, model, runs, newRun, run, round, compare, alerts, audit, system, settings]) });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
