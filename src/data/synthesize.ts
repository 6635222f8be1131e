import { catalogue } from '../support/catalogue.js';
import { funnelFile } from './funnel/funnel-file.js';
import type { SynthesisKind } from './synthetic/synthesis-kind.js';
import { syntheticFile } from './synthetic/synthetic-file.js';

/** What `ple synth` can write; the first is the default. */
export const synthesisKinds = catalogue<SynthesisKind>('kind', [syntheticFile, funnelFile]);
