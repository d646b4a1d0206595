/** Of this worker, as it tells the coordinator. */
export const workerVersion = '0.0.0';
