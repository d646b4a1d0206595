/** The pages of the console, as the addresses that show them; one model, one run and one device must be there. */
export function consoleAddresses({ model, run, device }: { model: string; run: number; device: string }): { name: string; path: string }[] {
  const tabs = ['progress', 'rounds', 'devices', 'estimator', 'sync', 'privacy', 'manifest', 'log', 'artifacts'];
  return [
    { name: 'overview', path: '/' },
    { name: 'devices', path: '/devices' },
    { name: 'devices-none', path: '/devices?filter=state%3Drevoked' },
    { name: 'device', path: `/devices/${device}` },
    { name: 'groups', path: '/groups' },
    { name: 'enrolment', path: '/enrolment' },
    { name: 'models', path: '/models' },
    { name: 'model', path: `/models/${model}` },
    { name: 'runs', path: '/runs' },
    { name: 'new-run', path: '/runs/new' },
    { name: 'compare', path: `/compare?runs=${run}` },
    { name: 'alerts', path: '/alerts' },
    { name: 'audit', path: '/audit' },
    { name: 'system', path: '/system' },
    { name: 'settings', path: '/settings' },
    { name: 'round', path: `/runs/${run}/rounds/1` },
    ...tabs.map((tab) => ({ name: `run-${tab}`, path: `/runs/${run}?tab=${tab}` })),
  ];
}
