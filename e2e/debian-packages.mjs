/**
 * Puts what the tests need from Debian onto this machine: Chromium, PostgreSQL, Prometheus, Redis, age, libfaketime.
 * As root with apt it installs what is missing; otherwise it names what is missing in one sentence and ends with 1.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

const needed = [
  { package: 'age', file: '/usr/bin/age' },
  { package: 'chromium', file: '/usr/bin/chromium' },
  { package: 'faketime', file: '/usr/bin/faketime' },
  { package: 'fonts-dejavu-core', file: '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf' },
  { package: 'postgresql-15', file: '/usr/lib/postgresql/15/bin/initdb' },
  { package: 'prometheus', file: '/usr/bin/promtool' },
  { package: 'redis-server', file: '/usr/bin/redis-server' },
];

const present = (file) => {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
};
const missing = () => needed.filter(({ file }) => !present(file)).map((entry) => entry.package);

const apt = (...args) => spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args],
  { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 600_000 });

if (missing().length > 0 && process.getuid?.() === 0 && present('/usr/bin/apt-get')) {
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...missing());
}
const left = missing();
if (left.length > 0) {
  console.error(`The tests need these Debian packages: install them with "sudo apt-get install --no-install-recommends ${left.join(' ')}".`);
  process.exitCode = 1;
}
