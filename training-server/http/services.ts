/** The services that routes use. */
import type { Roots } from '../data/api.ts';
import type { Validation } from '../preflight/validate.ts';
import type { Runs } from '../runs/api.ts';
import type { EventStreams } from './events.ts';
import type { Packages } from './packages.ts';
import type { VideoProbe } from './video-probe.ts';

export interface Services {
  readonly runs: Runs;
  readonly roots: Roots;
  readonly validation: Validation;
  readonly packages: Packages;
  readonly events: EventStreams;
  readonly videoProbe: Pick<VideoProbe, 'frame'>;
}
