/** The pages of the console, as the addresses that show them; one model and one run must be there. */
export function consoleAddresses({ model, run }: { model: string; run: number }): { name: string; path: string }[] {
  const tabs = ['progress', 'rounds', 'devices', 'estimator', 'sync', 'manifest', 'artifacts'];
  return [
    { name: 'overview', path: '/' },
    { name: 'devices', path: '/devices' },
    { name: 'devices-none', path: '/devices?state=revoked' },
    { name: 'enrolment', path: '/enrolment' },
    { name: 'models', path: '/models' },
    { name: 'model', path: `/models/${model}` },
    { name: 'runs', path: '/runs' },
    { name: 'new-run', path: '/runs/new' },
    ...tabs.map((tab) => ({ name: `run-${tab}`, path: `/runs/${run}?tab=${tab}` })),
  ];
}
