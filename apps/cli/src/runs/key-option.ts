import { InvalidArgumentError, Option } from 'commander';

/** The flag by which a coordinator's key is said that is known from elsewhere. */
export function keyOption(): Option {
  return new Option('--coordinator-key <hex>', 'public key of the coordinator, known from elsewhere (default: believe the manifest)').argParser((text: string) => {
    if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('Expected 64 lower-case hexadecimal digits.');
    return text;
  });
}
