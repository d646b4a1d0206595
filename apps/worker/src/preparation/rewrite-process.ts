import { toRefusal } from '@seedfleet/errors';
import { peakMegabytes } from '../status/status-file.js';
import { rewriteModel } from './rewrite-model.js';
import { type RewriteAnswer, type RewriteRequest } from './rewrite-request.js';

/**
 * Entry of the process that rewrites a model and ends. A process of its own, because decoding and encoding a model takes several times
 * its size: when it ends, all of that is given back, which a long-lived process seldom does.
 */
process.once('message', (request: RewriteRequest) => {
  process.send?.(answer(request), () => process.disconnect());
});

function answer(request: RewriteRequest): RewriteAnswer {
  try {
    const written = rewriteModel(request);
    return { ok: true, written, peakMegabytes: peakMegabytes() };
  } catch (error) {
    return { ok: false, error: toRefusal(error) };
  }
}
