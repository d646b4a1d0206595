import { type LogLevel } from '@seedfleet/protocol';
import { type Logger } from 'pino';
import { type DeviceLog } from './device-log.js';

const levels = { info: 'info', warn: 'warn', error: 'error', fatal: 'error' } as const satisfies Record<string, LogLevel>;

/** The logger, with every line that has a code recorded beside it. */
export function recordingLogger(logger: Logger, log: DeviceLog): Logger {
  return new Proxy(logger, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof name !== 'string' || !isLevel(name) || typeof method !== 'function') return typeof method === 'function' ? method.bind(target) : method;
      return (...words: unknown[]) => {
        log.take(levels[name], words[0]);
        Reflect.apply(method, target, words);
      };
    },
  });
}

function isLevel(name: string): name is keyof typeof levels {
  return Object.hasOwn(levels, name);
}
