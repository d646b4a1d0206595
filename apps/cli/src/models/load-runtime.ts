/** The engine, loaded when a check is made and at no other time (docs/decisions/0004). Its types are taken from here, so that nothing imports it at once. */
export const loadRuntime = () => import('@seedfleet/runtime');

type Runtime = Awaited<ReturnType<typeof loadRuntime>>;
export type ModelCheck = Awaited<ReturnType<Runtime['checkModel']>>;
export type CheckTask = Parameters<Runtime['randomBatches']>[1]['task'];
export type Batch = ReturnType<Runtime['randomBatches']>[number];
