// Starts the thread from its source, in tests and scripts: tsx does not follow into threads by itself.
import { register } from 'tsx/esm/api';

register();
await import('./read-thread.ts');
